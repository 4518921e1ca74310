import { describe, test } from 'vitest'
import { compareWithHome, type Tree } from '../compare-with-home.js'

const IMPORTS = JSON.stringify({
  imports: {
    '#one': './lib/one.mjs',
    '#any/*': './lib/any/*.mjs',
    '#any/x/*': null,
    '#choice': { node: { import: './lib/node.mjs' }, default: './lib/other.mjs' },
    '#installed': 'left-pad',
  },
})

const TREES: Readonly<Record<string, Tree>> = {
  'modules, through each other and in a circle': {
    files: {
      'src/main.mjs':
        'import { a } from "./a.mjs"\nimport "../lib/b.mjs"\nexport { c } from \'./c.mjs\'\nexport * from "./d.mjs"\nexport const m = a',
      'src/a.mjs': 'export const a = 1; import "./main.mjs"',
      'lib/b.mjs': '',
      'src/c.mjs': 'export const c = 1',
      'src/d.mjs': '',
      'src/unused.mjs': '',
    },
  },
  'modules that are loaded when they are needed': {
    files: {
      'main.mjs':
        'if (true) await import("./a.mjs")\nawait import(`./b.mjs`)\nimport("./missing.mjs").catch(() => {})',
      'a.mjs': '',
      'b.mjs': '',
    },
  },
  'specifiers that are URLs': {
    files: { 'main.mjs': 'import "./a%20b.mjs"\nimport "./c.mjs?x=1#y"', 'a b.mjs': '', 'c.mjs': '' },
  },
  'data that is imported': {
    files: {
      'main.mjs':
        'import data from "./data.json" with { type: "json" }\nimport { createRequire } from "node:module"\nconsole.log(data, createRequire(import.meta.url)("./more.json"))',
      'data.json': '[1]',
      'more.json': '[2]',
    },
    extra: ['data.json', 'more.json'],
  },
  'modules of CommonJS by file, extension and folder': {
    files: {
      'main.cjs':
        'require("./a"); require("./b.js"); require("./c"); require("./d/"); require("./e"); require("./f"); console.log(require("./g"))',
      'a.cjs': '',
      'a.js': 'module.exports = 1',
      'b.js': 'exports.b = 1',
      'c/index.js': 'exports.c = 1',
      'd.js': 'exports.wrong = 1',
      'd/index.js': 'exports.d = 1',
      'e/package.json': '{"main": "lib/start"}',
      'e/lib/start.js': 'exports.e = 1',
      'e/index.js': 'exports.wrong = 1',
      'f/package.json': '{"main": "gone.js"}',
      'f/index.js': 'exports.f = 1',
      'g.json': '{"g": 1}',
    },
    extra: ['e/package.json', 'f/package.json', 'g.json'],
  },
  'modules of CommonJS from ESM, and the other way round': {
    files: {
      'main.mjs': 'import a from "./a.cjs"\na()',
      'a.cjs': 'const b = require("./b.cjs"); module.exports = () => import("./c.mjs")',
      'b.cjs': '',
      'c.mjs': '',
    },
  },
  'a require in a module': {
    files: {
      'main.mjs':
        'import { createRequire } from "node:module"\nconst require = createRequire(import.meta.url)\nrequire("./a.cjs")',
      'a.cjs': '',
    },
  },
  'the package.json that makes modules of .js files': {
    files: {
      'src/main.js': 'import "./a.js"\nimport "./old/b.js"',
      'src/a.js': 'export const a = 1',
      'src/old/package.json': '{}',
      'src/old/b.js': 'exports.b = require("./c")',
      'src/old/c.js': 'exports.c = 1',
      'package.json': '{"type": "module"}',
    },
    extra: ['package.json', 'src/old/package.json'],
  },
  'names that package.json gives': {
    files: {
      'src/main.mjs':
        'import "#one"\nimport "#any/a"\nimport "#choice"\nimport("#any/x/b").catch(() => {})\nimport("#installed").catch(() => {})\nimport("#none").catch(() => {})',
      'lib/one.mjs': '',
      'lib/any/a.mjs': '',
      'lib/any/x/b.mjs': '',
      'lib/node.mjs': '',
      'lib/other.mjs': '',
      'package.json': IMPORTS,
    },
    extra: ['package.json', 'lib/other.mjs'],
  },
  'nothing that strings say, or what is no path': {
    files: {
      'main.mjs':
        'import "node:fs"\nconst x = "import \'./a.mjs\'"; const y = /import(".\\/a.mjs")/\nconst z = `import "./a.mjs"`\n// import "./a.mjs"\nimport "./b.mjs"\nimport(x.slice(99) + "./b.mjs")',
      'a.mjs': '',
      'b.mjs': '',
    },
  },
}

describe('as Node itself, it takes along', () => {
  test.for(Object.entries(TREES))('%s', ([, tree]) => compareWithHome([process.execPath], tree))
})
