import type { RGridClient } from '@rgrid/sdk'
import { execFile } from 'node:child_process'
import { promisify } from 'node:util'
import { expect, test } from 'vitest'
import { createProject } from '../support/project.js'

// Ten modules: relative, in a package of its own, under a condition, by name, in a circle, and one named like a package.
const PYTHON = {
  'src/main.py': 'import tools\nimport requests\nprint(tools.names(), requests.__doc__)',
  'src/requests.py': '"""not the one from PyPI"""',
  'src/tools/__init__.py':
    'import importlib\nfrom .one import one\nfrom tools import two\nfrom . import three\nfrom tools.deep.four import four\ndef names():\n  from tools.late import late\n  return [one, two.two, three.three, four, late, importlib.import_module("tools.named").named]',
  'src/tools/one.py':
    'try:\n  import ujson_that_is_not_there as json\nexcept ImportError:\n  from .slow import json\none = json',
  'src/tools/slow.py': 'json = "slow"',
  'src/tools/two.py': 'from .three import three as two',
  'src/tools/three.py': 'import tools.two\nthree = 3',
  'src/tools/deep/four.py': 'from ..five import five as four',
  'src/tools/five.py': 'five = 5',
  'src/tools/late.py': 'late = "late"',
  'src/tools/named.py': 'named = __name__',
  'src/tools/unused.py': '1 / 0',
}

const NODE = {
  'src/main.js':
    'import { a } from "./lib/a.js"\nimport b from "../shared/b.cjs"\nimport c from "#c"\nconsole.log(a, b, c, (await import("./late.mjs")).late)',
  'src/lib/a.js': 'export { name as a } from "../lib/name.js"',
  'src/lib/name.js': 'export const name = import.meta.url.split("/").at(-1)',
  'src/late.mjs': 'export const late = "late"',
  'shared/b.cjs': 'module.exports = [require("./c"), require("./folder"), require("./data.json")]',
  'shared/c.cjs': '',
  'shared/c/index.js': 'module.exports = "c"',
  'shared/c/package.json': '{}',
  'shared/folder/package.json': '{"main": "start.js"}',
  'shared/folder/start.js': 'module.exports = "start"',
  'shared/data.json': '{"data": 1}',
  'package.json': '{"type": "module", "imports": {"#c": "./shared/c.cjs"}}',
}

/** What a script imports from beside it comes along, and it runs as at home. */
export function testLocalModules(getClient: () => RGridClient): void {
  test.for([
    ['Python', 'python3', 'src/main.py', PYTHON],
    ['Node', process.execPath, 'src/main.js', NODE],
  ] as const)('a script of %s with its local modules', async ([, program, script, files]) => {
    const cwd = await createProject(files)
    const home = await promisify(execFile)(program, [script], {
      cwd,
      env: { ...process.env, PYTHONDONTWRITEBYTECODE: '1' },
    })

    const result = await getClient().run(script, { cwd })

    expect([result.stderr, result.stdout]).toEqual(['', home.stdout])
    expect(result.artifacts).toEqual([])
  })
}
