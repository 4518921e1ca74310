import { describe, expect, test } from 'vitest'
import { LIMITS, specSchema, toIssues, type Issue, type SpecInput } from '../src/index.js'

const SHA = 'a'.repeat(64)
const file = (path: string, size = 1) => ({ path, sha256: SHA, size })

const base: SpecInput = { script: 'main.py', runtime: 'python', files: [file('main.py')] }

const parse = (change: Record<string, unknown>) => specSchema.safeParse({ ...base, ...change })

const issuesOf = (change: Record<string, unknown>): Issue[] => {
  const { error } = parse(change)
  return error === undefined ? [] : toIssues(error)
}

const numbered = (count: number, make: (index: number) => string): string[] =>
  Array.from({ length: count }, (_, index) => make(index))

const envOf = (count: number, value = ''): Record<string, string> =>
  Object.fromEntries(numbered(count, (index) => `NAME_${index}`).map((name) => [name, value]))

describe('a spec', () => {
  test('gets its defaults', () => {
    expect(specSchema.parse(base)).toEqual({
      script: 'main.py',
      args: [],
      env: {},
      runtime: 'python',
      resources: {},
      isolation: 'execution',
      timeoutMs: 300_000,
      labels: {},
      files: [{ ...file('main.py'), executable: false }],
      folders: [],
      rewrites: [],
    })
  })

  test('keeps every byte of what it is given', () => {
    const spec = {
      ...base,
      args: ['', ' ', '--flag=ü', '\n\t', '😀', '-'],
      env: { A: '', B_2: 'x=y', _c: 'ü\n' },
      labels: { team: 'data' },
      executor: 'docker',
      image: 'ghcr.io/me/tool:1.0',
      resources: { cpus: 0.5, memoryMib: 64, pids: 8, diskMib: 100 },
      network: 'none',
      isolation: 'shared',
      dependencies: { kind: 'package', path: 'web/app' },
      folders: ['empty/inner'],
      rewrites: [{ index: 5, from: '/home/a/b.txt' }],
      stdin: 'main.py',
      links: [{ path: 'empty/link', target: '../main.py' }],
      writableInputs: true,
    }

    expect(specSchema.parse(spec)).toMatchObject(spec)
  })

  test.for<[string, Record<string, unknown>]>([
    ['args at the number limit', { args: numbered(LIMITS.args, String) }],
    ['an argument at the byte limit', { args: ['x'.repeat(LIMITS.stringBytes)] }],
    ['args at their limit together', { args: ['x'.repeat(65_536), 'y'.repeat(65_536)] }],
    ['env at the number limit', { env: envOf(LIMITS.envKeys) }],
    ['an env pair at the byte limit', { env: { A: 'x'.repeat(LIMITS.stringBytes - 2) } }],
    ['the longest timeout', { timeoutMs: LIMITS.timeoutMaxMs }],
    ['a script at the limit', { files: [file('main.py', LIMITS.scriptBytes)] }],
    ['files at their limit together', { files: [file('main.py', 1), file('a', LIMITS.inputBytes - 1)] }],
    [
      'the least of every resource',
      { resources: { cpus: LIMITS.cpusMin, memoryMib: LIMITS.memoryMinMib, pids: 1, diskMib: 1 } },
    ],
    [
      'the most of every resource',
      {
        resources: {
          cpus: LIMITS.cpusMax,
          memoryMib: LIMITS.memoryMaxMib,
          pids: LIMITS.pidsMax,
          diskMib: LIMITS.diskMaxMib,
        },
      },
    ],
    ['the longest image', { image: 'a'.repeat(LIMITS.imageChars) }],
    ['a requirements file', { dependencies: { kind: 'requirements', path: 'requirements.txt' } }],
    ['a package of its own', { dependencies: { kind: 'package', path: '.' } }],
    ['labels at the limit', { labels: envOf(LIMITS.labels, 'x'.repeat(LIMITS.labelChars)) }],
  ])('may have %s', ([, change]) => {
    expect(issuesOf(change)).toEqual([])
  })

  test.for<[string, Record<string, unknown>, string, RegExp | string]>([
    ['too many args', { args: numbered(LIMITS.args + 1, String) }, 'args', `${LIMITS.args}`],
    [
      'an argument too long',
      { args: ['x'.repeat(LIMITS.stringBytes + 1)] },
      'args.0',
      `${LIMITS.stringBytes}`,
    ],
    ['an argument too long in bytes', { args: ['ü'.repeat(61_441)] }, 'args.0', `${LIMITS.stringBytes}`],
    [
      'args too long together',
      { args: numbered(3, () => 'x'.repeat(45_000)) },
      'args',
      `${LIMITS.argsTotalBytes}`,
    ],
    ['too much env', { env: envOf(LIMITS.envKeys + 1) }, 'env', `${LIMITS.envKeys}`],
    ['env too long together', { env: envOf(4, 'x'.repeat(40_000)) }, 'env', `${LIMITS.envTotalBytes}`],
    [
      'an env pair too long',
      { env: { A: 'x'.repeat(LIMITS.stringBytes - 1) } },
      'env.A',
      `${LIMITS.stringBytes}`,
    ],
    ['a timeout too long', { timeoutMs: LIMITS.timeoutMaxMs + 1 }, 'timeoutMs', `${LIMITS.timeoutMaxMs}`],
    [
      'a script too large',
      { files: [file('main.py', LIMITS.scriptBytes + 1)] },
      'script',
      `${LIMITS.scriptBytes}`,
    ],
    [
      'files too large together',
      { files: [file('main.py'), file('a', LIMITS.inputBytes)] },
      'files',
      `${LIMITS.inputBytes}`,
    ],
    [
      'too many files',
      { files: ['main.py', ...numbered(LIMITS.inputFiles, String)].map((path) => file(path)) },
      'files',
      `${LIMITS.inputFiles}`,
    ],
    ['too many labels', { labels: envOf(LIMITS.labels + 1) }, 'labels', `${LIMITS.labels}`],
    [
      'a label too long',
      { labels: { a: 'x'.repeat(LIMITS.labelChars + 1) } },
      'labels.a',
      `${LIMITS.labelChars}`,
    ],
    ['a NUL in an argument', { args: ['ok', 'a\0b'] }, 'args.1', 'NUL'],
    ['a NUL in an env value', { env: { A: 'a\0b' } }, 'env.A', 'NUL'],
    ['broken Unicode in an argument', { args: ['\ud800'] }, 'args.0', 'Unicode'],
    ['broken Unicode in an env value', { env: { A: '\udc00' } }, 'env.A', 'Unicode'],
    ['no script among the files', { script: 'other.py' }, 'files', 'script'],
    ['no files', { files: [] }, 'files', /./],
    [
      'a rewrite of an argument that is not there',
      { rewrites: [{ index: 0, from: 'a' }] },
      'rewrites',
      'argument',
    ],
    ['a standard input that is not there', { stdin: 'data.txt' }, 'stdin', 'files'],
    ['a link that leads out', { links: [{ path: 'a/b', target: '../../c' }] }, 'links.0.target', 'leads out'],
    ['a link in the place of a file', { links: [{ path: 'main.py', target: 'x' }] }, 'links.0.path', 'twice'],
    [
      'a file below a link',
      { files: [file('main.py'), file('a/b')], links: [{ path: 'a', target: '.' }] },
      'links.0.path',
      'folder',
    ],
    ['a file twice', { files: [file('main.py'), file('main.py')] }, 'files.1.path', 'twice'],
    [
      'a file that is also a folder',
      { files: [file('main.py'), file('main.py/x')] },
      'files.0.path',
      'folder',
    ],
    [
      'a folder that is also a file',
      { files: [file('a/b/c'), file('main.py'), file('a/b')] },
      'files.2.path',
      'folder',
    ],
    ['a folder that is a file', { folders: ['main.py'] }, 'files.0.path', 'folder'],
    ['a folder below a file', { folders: ['main.py/cache/x'] }, 'files.0.path', 'folder'],
    ['a folder outside', { folders: ['../x'] }, 'folders.0', '".."'],
    [
      'too many folders',
      { folders: numbered(LIMITS.inputFiles + 1, String) },
      'folders',
      `${LIMITS.inputFiles}`,
    ],
    ['a timeout of 0', { timeoutMs: 0 }, 'timeoutMs', /./],
    ['a broken timeout', { timeoutMs: 1.5 }, 'timeoutMs', /./],
    ['a timeout as text', { timeoutMs: '5000' }, 'timeoutMs', /./],
    ['a runtime that is no name', { runtime: 'PYTHON:3.11' }, 'runtime', 'python3.12'],
    ['an unknown executor', { executor: 'magic' }, 'executor', 'docker'],
    ['a size below 0', { files: [{ ...file('main.py'), size: -1 }] }, 'files.0.size', /./],
    [
      'a digest in uppercase',
      { files: [{ ...file('main.py'), sha256: 'A'.repeat(64) }] },
      'files.0.sha256',
      'SHA-256',
    ],
    ['data that is not base64', { files: [{ ...file('main.py'), data: '%%' }] }, 'files.0.data', 'base64'],
    ['too many cpus', { resources: { cpus: LIMITS.cpusMax + 1 } }, 'resources.cpus', `${LIMITS.cpusMax}`],
    ['too few cpus', { resources: { cpus: 0.09 } }, 'resources.cpus', `${LIMITS.cpusMin}`],
    ['cpus that are no number', { resources: { cpus: Number.NaN } }, 'resources.cpus', 'NaN'],
    ['cpus without end', { resources: { cpus: Infinity } }, 'resources.cpus', /./],
    [
      'too much memory',
      { resources: { memoryMib: LIMITS.memoryMaxMib + 1 } },
      'resources.memoryMib',
      `${LIMITS.memoryMaxMib}`,
    ],
    [
      'too little memory',
      { resources: { memoryMib: LIMITS.memoryMinMib - 1 } },
      'resources.memoryMib',
      `${LIMITS.memoryMinMib}`,
    ],
    ['half a mebibyte', { resources: { memoryMib: 6.5 } }, 'resources.memoryMib', 'int'],
    [
      'too many processes',
      { resources: { pids: LIMITS.pidsMax + 1 } },
      'resources.pids',
      `${LIMITS.pidsMax}`,
    ],
    ['no processes', { resources: { pids: 0 } }, 'resources.pids', /./],
    [
      'too much disk',
      { resources: { diskMib: LIMITS.diskMaxMib + 1 } },
      'resources.diskMib',
      `${LIMITS.diskMaxMib}`,
    ],
    ['no disk', { resources: { diskMib: 0 } }, 'resources.diskMib', /./],
    ['an unknown resource', { resources: { gpus: 1 } }, 'resources', 'gpus'],
    ['an image name too long', { image: 'a'.repeat(LIMITS.imageChars + 1) }, 'image', `${LIMITS.imageChars}`],
    ['the network of the host', { network: 'host' }, 'network', 'bridge'],
    ['an unknown isolation', { isolation: 'none' }, 'isolation', 'shared'],
    ['unknown dependencies', { dependencies: { kind: 'conda' } }, 'dependencies.kind', /./],
    [
      'requirements from outside',
      { dependencies: { kind: 'requirements', path: '../r.txt' } },
      'dependencies.path',
      '".."',
    ],
    ['an argument that is no text', { args: [7] }, 'args.0', /./],
  ])('is refused with %s, naming the field and the limit', ([, change, path, message]) => {
    const [issue] = issuesOf(change)

    expect(issue?.path).toBe(path)
    expect(issue?.message).toMatch(message)
  })

  test('is refused with more inline data than a file may bring', () => {
    const data = Buffer.alloc(LIMITS.inlineFileBytes + 3).toString('base64')

    expect(issuesOf({ files: [{ ...file('main.py'), data }] })[0]?.path).toBe('files.0.data')
  })

  test.for<[string, Record<string, unknown>, RegExp]>([
    ['at the top', { retrys: 3 }, /retrys/],
    ['in a file', { files: [{ ...file('main.py'), mode: 0o755 }] }, /mode/],
    ['in dependencies', { dependencies: { kind: 'inline', path: 'a' } }, /path/],
    ['in a rewrite', { args: ['a'], rewrites: [{ index: 0, from: 'b', to: 'c' }] }, /to/],
  ])('is refused with an unknown field %s', ([, change, name]) => {
    expect(issuesOf(change)[0]?.message).toMatch(name)
  })
})

describe('names of the environment', () => {
  test.for(['A', '_', 'a1', 'PATH', 'RGRID', 'MY_RGRID_URL'])('%s may be set', (name) => {
    expect(issuesOf({ env: { [name]: '1' } })).toEqual([])
  })

  test.for(['', '1A', 'A=B', 'A B', 'A-B', 'A\n', 'A\0', 'Ä', 'RGRID_URL', 'RGRID_'])(
    '%j is refused',
    (name) => {
      const [issue] = issuesOf({ env: { [name]: '1' } })

      expect(issue?.path).toMatch(/^env/)
    },
  )

  test('may be those of members of objects', () => {
    const env = JSON.parse('{"constructor": "a", "toString": "b"}') as unknown

    expect(parse({ env }).data?.env).toEqual(env)
  })
})

describe('the name of an image', () => {
  test.for([
    'python',
    'python:3.12-slim',
    'library/python',
    'ghcr.io/me/tools:v1.0_x',
    'localhost:5000/a',
    `python@sha256:${SHA}`,
    `ghcr.io/me/tools:1@sha256:${SHA}`,
    '10.0.0.1:5000/a/b/c',
  ])('%s is one', (image) => {
    expect(issuesOf({ image })).toEqual([])
  })

  test.for([
    '',
    ' ',
    'Python',
    'python:',
    'python:3.11\n',
    'python:3.11\nRUN curl x',
    '\npython',
    'python 3',
    '-v/:/host',
    '--privileged',
    '/etc/passwd',
    '../x',
    'a//b',
    'a/',
    'a@sha256:abc',
    'a@md5:abc',
    `a:${'x'.repeat(129)}`,
    'https://ghcr.io/a',
    'a;b',
    '$(id)',
    'pythön',
    'a\0',
  ])('%j is none', (image) => {
    expect(issuesOf({ image })[0]).toMatchObject({ path: 'image' })
  })

  test('takes no time to refuse', () => {
    const began = performance.now()

    for (const image of ['a/'.repeat(255) + '!', 'a:'.repeat(255), `${'a.'.repeat(250)}:1:1!`])
      expect(issuesOf({ image })).toHaveLength(1)

    expect(performance.now() - began).toBeLessThan(1_000)
  })
})
