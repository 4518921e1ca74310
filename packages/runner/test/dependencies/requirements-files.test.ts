import { describe, expect, it } from 'vitest'
import { findLocalPath, readRequirementsFiles } from '../../src/dependencies/requirements-files.js'

const read = (files: Readonly<Record<string, string>>, entry = 'requirements.txt') =>
  readRequirementsFiles(entry, async (path) => files[path])

describe('readRequirementsFiles', () => {
  it('reads the files that files name', async () => {
    const { files, packages } = await read(
      {
        'app/requirements.txt': '-r dev/more.txt\n--constraint=../limits.txt\nsix # why\n\n',
        'app/dev/more.txt': '-r ../requirements.txt\nidna\n',
        'limits.txt': '# nothing\n',
        'unnamed.txt': 'left-out',
      },
      'app/requirements.txt',
    )

    expect([...files.keys()].sort()).toEqual(['app/dev/more.txt', 'app/requirements.txt', 'limits.txt'])
    expect(packages).toBe(2)
  })

  it('counts a requirement over several lines once', async () => {
    const { packages } = await read({
      'requirements.txt': 'six==1.16.0 \\\n  --hash=sha256:00 \\\n  --hash=sha256:01\n',
    })

    expect(packages).toBe(1)
  })

  it('leaves files on the network to the installer', async () => {
    const { files } = await read({ 'requirements.txt': '-c https://example.com/limits.txt\n' })

    expect([...files.keys()]).toEqual(['requirements.txt'])
  })

  it.for([
    ['a missing file', {}, 'requirements.txt, which is not among the files'],
    [
      'a missing second file',
      { 'requirements.txt': '\n-r b.txt' },
      'line 2 of requirements.txt names b.txt, which is',
    ],
    ['a file outside', { 'requirements.txt': '-r ../b.txt' }, '../b.txt, which is outside'],
    ['a file of the machine', { 'requirements.txt': '-r /etc/passwd' }, '/etc/passwd, which is outside'],
    [
      'the project itself',
      { 'requirements.txt': 'six\n-e .' },
      'line 2 of requirements.txt names the local path .;',
    ],
  ] as const)('refuses %s', async ([, files, message]) => {
    await expect(read(files)).rejects.toThrow(message)
  })
})

describe('findLocalPath', () => {
  it.for([
    '.',
    './pkg',
    '../pkg',
    '/srv/pkg',
    'pkg/',
    'dist/x.whl',
    'x-1.tar.gz',
    '-e .',
    '--editable=./x',
    'file:x',
  ])('finds %s', (requirement) => {
    expect(findLocalPath(requirement)).toBeDefined()
  })

  it.for(['x @ file:///srv/x', 'x[a] @ ./x', '--find-links ./wheels', '-f /srv/wheels', '"./x"'])(
    'finds %s',
    (requirement) => {
      expect(findLocalPath(requirement)).toBeDefined()
    },
  )

  it.for([
    'six',
    'six==1.16.0 ; python_version < "3.9"',
    'a[b,c]>=1',
    'x @ https://example.com/x-1.tar.gz',
    'https://example.com/x-1.whl',
    'git+https://example.com/x.git@main#egg=x',
    '-e git+ssh://git@example.com/x.git#egg=x',
    '--index-url https://example.com/simple',
    '--find-links https://example.com/links',
    '--no-binary :all:',
  ])('leaves %s', (requirement) => {
    expect(findLocalPath(requirement)).toBeUndefined()
  })
})
