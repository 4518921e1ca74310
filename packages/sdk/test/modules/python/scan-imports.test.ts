import { execFileSync } from 'node:child_process'
import { readFileSync } from 'node:fs'
import { describe, expect, test } from 'vitest'
import { scanImports } from '../../../src/modules/python/scan-imports.js'
import { findPython } from './find-python.js'

/** An import in short: `1 ..a.b: c, d`. */
const scan = (text: string): string[] =>
  scanImports(text).map(
    ({ line, level, name, members }) =>
      `${line} ${'.'.repeat(level)}${name.join('.')}${members.length === 0 ? '' : `: ${members.join(', ')}`}`,
  )

describe('an import is found', () => {
  test.for<[string, string, string[]]>([
    ['with others', 'import a, b.c as d , e', ['1 a', '1 b.c', '1 e']],
    ['with what it takes', 'from a.b import c as d, e', ['1 a.b: c, e']],
    ['in parentheses', 'from a import (b, # no (c)\n  d as e,\n)', ['1 a: b, d']],
    [
      'with dots',
      'from.import a\nfrom . .b import c\nfrom ...d import*',
      ['1 .: a', '2 ..b: c', '3 ...d: *'],
    ],
    ['on continued lines', 'import a, \\\n b\nfrom c \\\r\n import d', ['1 a', '1 b', '3 c: d']],
    ['behind a semicolon', 'x = 1; import a; import b # c', ['1 a', '1 b']],
    ['on a line of its condition', 'if x: import a', ['1 a']],
    ['by name', 'import_module ( "a.b" )\n__import__(\'c\', x)\nimport_module("." + d)', ['1 a.b', '2 c']],
    ['behind a string in a string', 'f"{x["a"]}"\nimport b', ['2 b']],
    ['behind a quote too many', "x = 'a\nimport b", ['2 b']],
    ['with carriage returns', 'import a\r\nfrom b import c\r\n', ['1 a', '2 b: c']],
  ])('%s', ([, text, imports]) => expect(scan(text)).toEqual(imports))
})

describe('no import is found', () => {
  test.for<[string, string]>([
    ['in a string', "x = \"import a\", r'\\' import b'"],
    ['in a long string', '"""\nimport a\n\\"""\nimport b\n"""'],
    ['in a string over lines', '"a \\\nimport b"'],
    ['in a comment', '# import a\nx # from b import c'],
    ['in other words', 'important = reimport\nyield from a\nraise b from c\nx.importer'],
    ['in half a statement', 'from a\nimport'],
    ['in a string without an end', '"""\nimport a'],
  ])('%s', ([, text]) => expect(scan(text)).toEqual([]))
})

const LIST_IMPORTS = `
import ast, glob, json, os, sys
found = {}
for path in sorted(glob.glob(os.path.dirname(os.__file__) + "/*.py"))[::4]:
    nodes = list(ast.walk(ast.parse(open(path, encoding="utf8").read())))
    found[path] = [[n.lineno, a.name] for n in nodes if isinstance(n, ast.Import) for a in n.names]
    found[path] += [[n.lineno, "." * n.level + (n.module or ""), *[a.name for a in n.names]] for n in nodes if isinstance(n, ast.ImportFrom)]
json.dump(found, sys.stdout)
`
const python = findPython()

test.skipIf(python === undefined)('the standard library imports what its own parser says', () => {
  const parsed = execFileSync(python ?? '', ['-S', '-W', 'ignore', '-c', LIST_IMPORTS], { encoding: 'utf8' })
  const files = Object.entries(JSON.parse(parsed) as Record<string, (string | number)[][]>)

  expect(files.length).toBeGreaterThan(30)
  for (const [path, imports] of files) {
    const expected = imports.map(([line, name, ...members]) =>
      members.length === 0 ? `${line} ${name}` : `${line} ${name}: ${members.join(', ')}`,
    )
    expect(scan(readFileSync(path, 'utf8'))).toEqual(expect.arrayContaining(expected))
  }
})

test('eight megabytes of quotes and brackets are read', () => {
  const text = `x = "${'\\"'.repeat(2e6)}"\ny = """${'\\"'.repeat(2e6)}"""\nfrom a import (${'b,'.repeat(1e5)}`

  expect(scan(`${text}\nimport c`)).toContain('4 c')
})
