import type { Runtime } from '@rgrid/protocol'
import { mkdir, writeFile } from 'node:fs/promises'
import { dirname, join } from 'node:path'
import { describe, expect, test } from 'vitest'
import { findDependencies, type DependencyQuery } from '../../src/dependencies/find-dependencies.js'
import { createDirectory } from '../temporary-directory.js'

type Files = Readonly<Record<string, string>>
type Changes = Partial<DependencyQuery>

/** What is found for a script among files: its dependencies, and the names of what travels for them. */
async function find(script: string, files: Files, changes: Changes = {}) {
  const cwd = changes.cwd ?? (await createDirectory(files))
  const query = { cwd, script, text: files[script] ?? '', requirements: undefined, isWanted: true }
  const runtime: Runtime = script.endsWith('.py') ? 'python' : 'node'
  const installer = runtime === 'python' ? 'pip' : 'npm'
  const found = await findDependencies({ runtime, installer, ...query, ...changes })
  return { dependencies: found.dependencies, files: found.files.map(({ path }) => path) }
}

const NOTHING = { dependencies: undefined, files: [] }

const block = (...lines: string[]): string =>
  ['# /// script', ...lines.map((line) => `# ${line}`), '# ///', 'print()', ''].join('\n')

describe('a Python script needs', () => {
  test('what its inline metadata names, and requirements.txt does not count then', async () => {
    const files = { 'main.py': block('dependencies = ["humanize"]'), 'requirements.txt': 'rich' }

    expect(await find('main.py', files)).toEqual({ dependencies: { kind: 'inline' }, files: [] })
  })

  test.for([
    ['an empty list', block('dependencies = []')],
    ['no list', block('requires-python = ">=3.11"')],
    ['line ends of Windows', block('dependencies = []').replaceAll('\n', '\r\n')],
    ['a byte order mark before it', `\ufeff${block('dependencies = []')}`],
  ] as const)('nothing when its inline metadata has %s', async ([, text]) => {
    expect(await find('main.py', { 'main.py': text, 'requirements.txt': 'rich' })).toEqual(NOTHING)
  })

  test.for([
    ['is of another type', '# /// other\n# dependencies = ["x"]\n# ///\n'],
    ['is never closed', '# /// script\n# dependencies = ["x"]\nprint()\n'],
    ['has a line that is no comment', '# /// script\ndependencies = ["x"]\n# ///\n'],
  ] as const)('requirements.txt when a block %s', async ([, text]) => {
    expect(await find('main.py', { 'main.py': text, 'requirements.txt': 'rich' })).toEqual({
      dependencies: { kind: 'requirements', path: 'requirements.txt' },
      files: ['requirements.txt'],
    })
  })

  test('requirements.txt in its own folder, and no other', async () => {
    const files = { 'requirements.txt': 'rich', 'a/main.py': '', 'b/main.py': '', 'b/requirements.txt': 'x' }

    expect(await find('a/main.py', files)).toEqual(NOTHING)
    expect(await find('b/main.py', files)).toEqual({
      dependencies: { kind: 'requirements', path: 'b/requirements.txt' },
      files: ['b/requirements.txt'],
    })
  })

  test('the file that its caller names, before all else', async () => {
    const files = { 'main.py': block('dependencies = ["x"]'), 'requirements.txt': 'x', 'deps/a.txt': 'rich' }

    expect(await find('main.py', files, { requirements: './deps/a.txt' })).toEqual({
      dependencies: { kind: 'requirements', path: 'deps/a.txt' },
      files: ['deps/a.txt'],
    })
  })

  test('the files that its requirements name, from where they are', async () => {
    const files = {
      'main.py': '',
      'requirements.txt': '-r deps/base.txt\n--constraint=deps/limits.txt',
      'deps/base.txt': '-cmore.txt\nrich  # -r nowhere.txt\n--requirement "two \\\nwords.txt"',
      'deps/limits.txt': 'rich<14',
      'deps/more.txt': '-r https://example.com/r.txt',
      'deps/two words.txt': '-r base.txt',
    }

    expect((await find('main.py', files)).files).toEqual([
      'requirements.txt',
      'deps/base.txt',
      'deps/limits.txt',
      'deps/more.txt',
      'deps/two words.txt',
    ])
  })

  test.for([
    ['is empty', ''],
    ['has comments and options alone', '\ufeff# rich\n\n--index-url https://example.com/simple\n'],
    ['only limits versions', '-c limits.txt'],
  ] as const)('nothing when requirements.txt %s', async ([, text]) => {
    const files = { 'main.py': '', 'requirements.txt': text, 'limits.txt': 'rich<14' }

    expect(await find('main.py', files)).toEqual(NOTHING)
  })
})

describe('a Node script needs', () => {
  const manifest = (content: object): string => JSON.stringify(content)
  const ms = manifest({ dependencies: { ms: '2' } })

  test.for(['package-lock.json', 'npm-shrinkwrap.json'])('its package.json with %s', async (lock) => {
    expect(await find('main.mjs', { 'main.mjs': '', 'package.json': ms, [lock]: '{}' })).toEqual({
      dependencies: { kind: 'package', path: '.' },
      files: ['package.json', lock],
    })
  })

  test('the nearest package with a lockfile, upwards', async () => {
    const files = {
      'app/src/lib/main.mjs': '',
      'app/src/package.json': manifest({ type: 'module' }),
      'app/package.json': manifest({ optionalDependencies: { ms: '2' } }),
      'app/package-lock.json': '{}',
      'package.json': ms,
      'package-lock.json': '{}',
    }

    expect(await find('app/src/lib/main.mjs', files)).toEqual({
      dependencies: { kind: 'package', path: 'app' },
      files: ['app/package.json', 'app/package-lock.json'],
    })
  })

  test('nothing from above the current directory', async () => {
    const root = await createDirectory({ 'package.json': ms, 'package-lock.json': '{}', 'a/main.mjs': '' })

    expect(await find('main.mjs', {}, { cwd: join(root, 'a') })).toEqual(NOTHING)
  })

  test.for([
    ['has no lockfile', ms, false],
    ['names tools for its developers alone', manifest({ devDependencies: { ms: '2' } }), true],
    ['names no dependencies', manifest({ dependencies: {} }), true],
  ] as const)('nothing when package.json %s', async ([, text, hasLock]) => {
    const files = { 'main.mjs': '', 'package.json': text, ...(hasLock ? { 'package-lock.json': '{}' } : {}) }

    expect(await find('main.mjs', files)).toEqual(NOTHING)
  })
})

describe('nothing is needed', () => {
  const files = {
    'main.py': block('dependencies = ["x"]'),
    'main.sh': '',
    'requirements.txt': 'x',
    'package.json': '{"dependencies":{"ms":"2"}}',
    'package-lock.json': '{}',
  }

  test('by a bash script', async () => {
    expect(await find('main.sh', files, { runtime: 'bash', installer: null })).toEqual(NOTHING)
  })

  test('where nothing installs packages for the runtime', async () => {
    expect(await find('main.py', files, { installer: null })).toEqual(NOTHING)
    expect(await find('main.py', files, { installer: 'gem' })).toEqual(NOTHING)
  })

  test('when the caller turns it off', async () => {
    expect(await find('main.py', files, { isWanted: false })).toEqual(NOTHING)
    expect(await find('main.mjs', files, { isWanted: false })).toEqual(NOTHING)
  })
})

describe('dependencies are refused', () => {
  test.for<[string, string, Files, Changes, string]>([
    [
      'that are not there',
      'main.py',
      {},
      { requirements: 'deps.txt' },
      'requirements: "deps.txt" cannot be read (ENOENT)',
    ],
    [
      'from a folder',
      'main.py',
      { 'deps/x': '' },
      { requirements: 'deps' },
      'requirements: "deps" cannot be read (EISDIR)',
    ],
    [
      'from outside the current directory',
      'main.py',
      {},
      { requirements: '../deps.txt' },
      'requirements: "../deps.txt" is outside the current directory',
    ],
    [
      'beside a script outside the current directory',
      '../other/main.py',
      {},
      {},
      'dependencies: "../other/requirements.txt" is outside the current directory',
    ],
    [
      'of a package outside the current directory',
      '../other/main.mjs',
      {},
      {},
      'dependencies: "../other/package.json" is outside the current directory',
    ],
    [
      'in a file that a file names and that is not there',
      'main.py',
      { 'requirements.txt': '-r deps/a.txt', 'deps/a.txt': 'x\n-c b.txt' },
      {},
      'dependencies: "deps/b.txt", which "deps/a.txt" names, cannot be read (ENOENT)',
    ],
    ['as an editable folder', 'main.py', { 'requirements.txt': '-e .' }, {}, 'requires a local package'],
    ['as a local file', 'main.py', { 'requirements.txt': './a.whl' }, {}, 'requires a local package'],
    [
      'of a Node script in a requirements file',
      'main.mjs',
      { 'deps.txt': 'x' },
      { requirements: 'deps.txt' },
      'requirements: is for Python scripts, and "main.mjs" runs on node',
    ],
    [
      'that are named and turned off',
      'main.py',
      { 'deps.txt': 'x' },
      { requirements: 'deps.txt', isWanted: false },
      'requirements: cannot be used while dependencies are turned off',
    ],
    [
      'in broken inline metadata',
      'main.py',
      { 'main.py': block('dependencies = [') },
      {},
      'script: its inline metadata (# /// script) is not valid TOML',
    ],
    [
      'that are no texts',
      'main.py',
      { 'main.py': block('dependencies = [1]') },
      {},
      'has dependencies that are not a list of texts',
    ],
    [
      'in two blocks',
      'main.py',
      { 'main.py': block('dependencies = []') + block('dependencies = []') },
      {},
      'is there twice',
    ],
    [
      'of a broken package.json',
      'main.mjs',
      { 'package.json': '{', 'package-lock.json': '' },
      {},
      'package.json" is not valid JSON',
    ],
  ])('%s', async ([, script, files, changes, message]) => {
    const root = await createDirectory({
      'other/requirements.txt': 'rich',
      'other/package.json': '{"dependencies":{"ms":"2"}}',
      'other/package-lock.json': '{}',
    })
    const cwd = join(root, 'here')
    for (const [name, text] of Object.entries({ ...files, '.keep': '' })) {
      await mkdir(dirname(join(cwd, name)), { recursive: true })
      await writeFile(join(cwd, name), text)
    }

    await expect(find(script, files, { cwd, ...changes })).rejects.toThrow(message)
  })
})
