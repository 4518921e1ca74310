import { readdir, readFile } from 'node:fs/promises'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'
import ts from 'typescript'
import { describe, expect, test } from 'vitest'
import { scanRequests } from '../../../src/modules/node/scan-requests.js'

const scan = async (text: string): Promise<string[]> =>
  (await scanRequests(text)).map(({ line, kind, specifier }) => `${line} ${kind} ${specifier}`)

describe('a request is found', () => {
  test.for<[string, string, string[]]>([
    [
      'of each form',
      'import "./a"\nexport * from "../b"; import("./c")',
      ['1 import ./a', '2 import ../b', '2 import ./c'],
    ],
    ['over lines', '\nimport {\n  a,\n} from "./a"', ['2 import ./a']],
    ['for an internal name', 'import "#a/b"\nrequire("#c")', ['1 import #a/b', '2 require #c']],
    ['to require', 'const a = require( "./a" )\nrequire.resolve(\'..\')', ['1 require ./a', '2 require ..']],
    ['to a require made at once', 'createRequire(import.meta.url)("./a")', ['1 require ./a']],
    [
      'in TypeScript',
      'enum E { A }\nimport { type A, b } from "./a.ts"\nconst c = b as D<E>',
      ['2 import ./a.ts'],
    ],
    ['behind a shebang', '#!/usr/bin/env node\nimport "./a"', ['2 import ./a']],
  ])('%s', async ([, text, requests]) => expect(await scan(text)).toEqual(requests))
})

describe('no request is found', () => {
  test.for<[string, string]>([
    ['for packages and URLs', 'import "a"; import "node:fs"; import "@a/b"; import "file:///a"'],
    ['for what is not known', 'import(a); import("./" + a); import(`./${a}.js`); require("./" + a)'],
    ['for types', 'import type { A } from "./a"; export type { B } from "./b"'],
    ['in strings and comments', 'const a = `import "./a"`\n// import "./b"\n/* export * from "./c" */'],
    ['in other functions', 'myrequire("./a"); $require("./b")'],
    ['in what is no JavaScript', 'const a = <b>it\'s "./c"</b>'],
  ])('%s', async ([, text]) => expect(await scan(text)).toEqual([]))
})

test('the sources of RGrid ask for what the compiler of TypeScript says', async () => {
  const folder = fileURLToPath(new URL('../../../src', import.meta.url))
  const names = (await readdir(folder, { recursive: true })).filter((name) => name.endsWith('.ts'))

  for (const name of names) {
    const text = await readFile(join(folder, name), 'utf8')
    const runtime = ts.transpile(text, { target: ts.ScriptTarget.ESNext, verbatimModuleSyntax: true })
    const expected = ts.preProcessFile(runtime).importedFiles.map(({ fileName }) => fileName)
    const found = (await scanRequests(text)).map(({ specifier }) => specifier)
    expect(found.toSorted(), name).toEqual(expected.filter((path) => path.startsWith('.')).toSorted())
  }
})
