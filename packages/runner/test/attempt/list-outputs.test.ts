import { LIMITS, RGridError, type Claim, type Link, type WireFile } from '@rgrid/protocol'
import type { Api, Call } from '@rgrid/protocol/client'
import { execFileSync } from 'node:child_process'
import { createHash } from 'node:crypto'
import { symlinkSync, writeFileSync } from 'node:fs'
import { mkdtemp, mkdir, rm, symlink, truncate, utimes, writeFile } from 'node:fs/promises'
import { createServer } from 'node:net'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { describe, expect, onTestFinished, test } from 'vitest'
import { collectOutputs, type CollectContext } from '../../src/attempt/collect-outputs.js'
import { listOutputs } from '../../src/attempt/list-outputs.js'
import { createOutputBatch } from '../../src/attempt/output-batch.js'
import { readOutput } from '../../src/attempt/read-output.js'
import { fillWorkspace, type Workspace } from '../../src/attempt/workspace.js'

const sha256 = (text: string): string => createHash('sha256').update(text).digest('hex')

async function createTestWorkspace(
  inputs: Record<string, string> = { 'script.py': 'pass' },
  outputs?: readonly string[],
  links: readonly Link[] = [],
): Promise<Workspace> {
  const root = await mkdtemp(join(tmpdir(), 'rgrid-outputs-'))
  onTestFinished(() => rm(root, { recursive: true }))
  const files = Object.entries(inputs).map(([path, text]) => ({
    path,
    sha256: sha256(text),
    size: text.length,
    executable: false,
    data: Buffer.from(text).toString('base64'),
  }))
  const spec = { files, folders: [], outputs, links } as unknown as Claim['spec']
  const claim = { executionId: 'exec_1', attempt: 1, spec } as Claim
  return fillWorkspace(root, claim, {
    fetchBlob: () => Promise.reject(new Error('nothing is fetched here')),
    canShare: false,
  })
}

const paths = async (workspace: Workspace): Promise<string[]> =>
  (await listOutputs(workspace)).candidates.map(({ path }) => path).sort()
const noApi = { url: '', send: () => Promise.reject(new Error()), call: () => Promise.reject(new Error()) }
const collect = (workspace: Workspace, context: Partial<CollectContext> = {}) =>
  collectOutputs(
    {
      api: noApi,
      sendOutputs: () => Promise.reject(new Error('nothing is sent here')),
      onUpload: () => Promise.resolve(),
      ...context,
    },
    workspace,
  )

describe('the outputs of a workspace', () => {
  test('are the files that were created, at any depth', async () => {
    const workspace = await createTestWorkspace()
    await mkdir(join(workspace.workDir, 'a', 'b'), { recursive: true })
    await writeFile(join(workspace.workDir, 'a', 'b', 'näme ü.txt'), '')
    await writeFile(join(workspace.workDir, 'top'), 'x')

    expect(await paths(workspace)).toEqual(['a/b/näme ü.txt', 'top'])
  })

  test('are not what Python compiled', async () => {
    const workspace = await createTestWorkspace({ 'script.py': 'pass', 'p/a.py': 'pass' })
    await mkdir(join(workspace.workDir, 'p', '__pycache__'))
    await writeFile(join(workspace.workDir, 'p', '__pycache__', 'a.cpython-311.pyc'), 'x')

    expect(await listOutputs(workspace)).toMatchObject({ candidates: [], skipped: [] })
  })

  test('include an input that was changed to the same length', async () => {
    const workspace = await createTestWorkspace({ 'script.py': 'pass', 'data.txt': 'one' })
    await writeFile(join(workspace.workDir, 'data.txt'), 'two')

    const { files } = await collect(workspace)

    expect(files.map(({ path, data }) => [path, Buffer.from(data ?? '', 'base64').toString()])).toEqual([
      ['data.txt', 'two'],
    ])
  })

  test('are brought before they are read, and what stays behind is told', async () => {
    const workspace = await createTestWorkspace()
    const bringFiles = async (skip: (path: string, reason: string) => void): Promise<void> => {
      await writeFile(join(workspace.workDir, 'brought'), 'x')
      skip('link', 'is a symbolic link')
    }

    const { files, skipped } = await collect(workspace, { bringFiles })

    expect(files.map(({ path }) => path)).toEqual(['brought'])
    expect(skipped).toEqual([{ path: 'link', reason: 'is a symbolic link' }])
  })

  test('do not include an input that was only touched', async () => {
    const workspace = await createTestWorkspace({ 'script.py': 'pass', 'data.txt': 'one' })
    await utimes(join(workspace.workDir, 'data.txt'), 1, 1)

    const { files } = await collect(workspace)

    expect(files).toEqual([])
  })

  test('do not include links, FIFOs and sockets, which are listed with their reason and never opened', async () => {
    const workspace = await createTestWorkspace()
    await symlink('/etc/passwd', join(workspace.workDir, 'link'))
    execFileSync('mkfifo', [join(workspace.workDir, 'fifo')])
    const server = createServer().listen(join(workspace.workDir, 'socket'))
    onTestFinished(() => void server.close())

    const { files, skipped } = await collect(workspace)

    expect(files).toEqual([])
    expect(skipped.sort((a, b) => (a.path < b.path ? -1 : 1))).toEqual([
      { path: 'fifo', reason: 'is a FIFO' },
      { path: 'link', reason: 'is a symbolic link' },
      { path: 'socket', reason: 'is a socket' },
    ])
  })

  test('do not follow a directory that is a link', async () => {
    const workspace = await createTestWorkspace()
    await symlink('/etc', join(workspace.workDir, 'etc'))

    const { candidates, skipped } = await listOutputs(workspace)

    expect([candidates, skipped]).toEqual([[], [{ path: 'etc', reason: 'is a symbolic link' }]])
  })

  test('leave out a sparse file over the limit by its size, without reading it', async () => {
    const workspace = await createTestWorkspace()
    await writeFile(join(workspace.workDir, 'sparse'), '')
    await truncate(join(workspace.workDir, 'sparse'), 2 ** 40)
    await writeFile(join(workspace.workDir, 'tiny'), 'x')

    const { files, skipped } = await collect(workspace)

    expect(files.map(({ path }) => path)).toEqual(['tiny'])
    expect(skipped).toEqual([{ path: 'sparse', reason: 'over the limit of 5368709120 bytes' }])
  })

  test('do not include .rgrid, where configuration is at home', async () => {
    const workspace = await createTestWorkspace()
    await mkdir(join(workspace.workDir, '.rgrid'))
    await writeFile(join(workspace.workDir, '.rgrid', 'config.toml'), 'url = "http://evil"')

    expect(await listOutputs(workspace)).toMatchObject({
      candidates: [],
      skipped: [{ path: '.rgrid', reason: 'is kept for RGrid' }],
    })
  })

  test('do not mention .rgrid where input files from elsewhere are in it', async () => {
    const workspace = await createTestWorkspace({ '.rgrid/inputs/0/script.py': 'pass' })

    expect(await listOutputs(workspace)).toMatchObject({ candidates: [], skipped: [] })
  })

  test('do not mention a link that was there before, unless it leads elsewhere now', async () => {
    const links = ['kept', 'moved'].map((path) => ({ path, target: 'script.py' }))
    const workspace = await createTestWorkspace(undefined, undefined, links)
    await rm(join(workspace.workDir, 'moved'))
    await symlink('/etc', join(workspace.workDir, 'moved'))

    expect((await listOutputs(workspace)).skipped).toEqual([{ path: 'moved', reason: 'is a symbolic link' }])
  })

  test('name a path that cannot travel', async () => {
    const workspace = await createTestWorkspace()
    await writeFile(join(workspace.workDir, 'new\nline'), '')

    expect((await listOutputs(workspace)).skipped).toEqual([
      { path: 'new\nline', reason: 'has a control character' },
    ])
  })

  test('count what there is no room to name', async () => {
    const workspace = await createTestWorkspace()
    for (let number = 0; number < 150; number++)
      symlinkSync('nowhere', join(workspace.workDir, `link${number}`))

    execFileSync('mkfifo', [join(workspace.workDir, 'fifo')])

    const { skipped } = await listOutputs(workspace)

    expect(skipped).toHaveLength(102)
    expect(skipped).toContainEqual({ path: 'fifo', reason: 'is a FIFO' })
    expect(skipped.at(-1)).toEqual({ path: '.', reason: '50 more: is a symbolic link' })
  })

  test('keep apart names that are no text, and the one that they read as', async () => {
    const workspace = await createTestWorkspace()
    for (const name of [[0xff], [0xfe], [0xef, 0xbf, 0xbd]])
      await writeFile(Buffer.concat([Buffer.from(`${workspace.workDir}/`), Buffer.from(name)]), 'x')

    const { files, skipped } = await collect(workspace)

    expect(files.map(({ path }) => path)).toEqual(['\u{FFFD}'])
    expect(skipped).toEqual(
      Array<unknown>(2).fill({ path: '\u{FFFD}', reason: 'has a name that is not UTF-8' }),
    )
  })
})

describe('patterns of outputs', () => {
  test('choose among the files that were created or changed, and say when they match none', async () => {
    const workspace = await createTestWorkspace({ 'script.py': 'pass', 'data.csv': 'one' }, [
      'out',
      '!**/*.tmp',
      '*.csv',
    ])
    await mkdir(join(workspace.workDir, 'out'))
    for (const path of ['out/a', 'out/b.tmp', 'log']) await writeFile(join(workspace.workDir, path), 'x')

    const { files, skipped, notes } = await collect(workspace)

    expect(files.map(({ path }) => path)).toEqual(['out/a'])
    expect(skipped).toEqual([])
    expect(notes).toEqual(['the output pattern "*.csv" matched no file that was created or changed'])
  })

  test('leave out what cannot come home without a word, unless they ask for it', async () => {
    const workspace = await createTestWorkspace(undefined, ['out'])
    await mkdir(join(workspace.workDir, 'out'))
    for (const path of ['link', 'out/link']) await symlink('nowhere', join(workspace.workDir, path))

    expect((await collect(workspace)).skipped).toEqual([{ path: 'out/link', reason: 'is a symbolic link' }])
  })

  test('count towards the limits only what they choose', async () => {
    const workspace = await createTestWorkspace(undefined, ['small'])
    await writeFile(join(workspace.workDir, 'huge'), '')
    await truncate(join(workspace.workDir, 'huge'), 2 ** 40)
    await writeFile(join(workspace.workDir, 'small'), 'x')

    const { files, skipped } = await collect(workspace)

    expect([files.map(({ path }) => path), skipped]).toEqual([['small'], []])
  })

  test('hold for what is brought from elsewhere', async () => {
    const workspace = await createTestWorkspace(undefined, ['out', '!out/b'])
    let wanted: boolean[] = []
    const bringFiles: CollectContext['bringFiles'] = async (_skip, isWanted) => {
      wanted = ['out/a', 'out/b', 'c'].map(isWanted)
    }

    await collect(workspace, { bringFiles })

    expect(wanted).toEqual([true, false, false])
  })
})

describe('more files than one request holds', () => {
  test('are sent ahead, each once, with the last of them for the end', async () => {
    const workspace = await createTestWorkspace()
    for (let number = 0; number < 2_001; number++)
      writeFileSync(join(workspace.workDir, String(number)), String(number))
    const sent: WireFile[][] = []

    const { files } = await collect(workspace, { sendOutputs: async (some) => void sent.push([...some]) })

    expect([...sent, files].map(({ length }) => length)).toEqual([1_000, 1_000, 1])
    expect(new Set([...sent.flat(), ...files].map(({ path }) => path)).size).toBe(2_001)
  })

  test('are not half forgotten when the server has no room for them', async () => {
    const workspace = await createTestWorkspace()
    for (let number = 0; number < 1_001; number++) writeFileSync(join(workspace.workDir, String(number)), '')
    const full = new RGridError('storage_full', 'the server has no room left for files')

    await expect(collect(workspace, { sendOutputs: () => Promise.reject(full) })).rejects.toBe(full)
  })

  test('are as many as their bytes and their names leave room for', () => {
    const batch = createOutputBatch()
    const file = { path: 'x', sha256: '', size: LIMITS.inlineFileBytes, executable: false, data: '' }
    let [large, long] = [0, 0]
    for (; batch.hasRoomFor('x', file.size); large++) batch.add(file)
    batch.take()
    for (; batch.hasRoomFor('"'.repeat(512), 0); long++)
      batch.add({ ...file, path: '"'.repeat(512), size: 0 })

    expect(large * file.size).toBe(LIMITS.inlineTotalBytes)
    expect(long).toBeLessThan(256)
  })
})

describe('a large file', () => {
  test('that changes on its way does not go home, and the others do', async () => {
    const workspace = await createTestWorkspace()
    for (const name of ['a', 'b'])
      await writeFile(join(workspace.workDir, name), Buffer.alloc(LIMITS.inlineFileBytes + 1, name))
    let isTold = false
    const api = {
      url: '',
      call: async (_schema: unknown, { json }: Call) => json,
      send: async ({ path }: Call) => {
        if (path.endsWith(sha256('a'.repeat(LIMITS.inlineFileBytes + 1))))
          throw new RGridError('digest_mismatch', 'the bytes do not match')
      },
    } as unknown as Api

    const { files, skipped } = await collect(workspace, { api, onUpload: async () => void (isTold = true) })

    expect([isTold, files.map(({ path }) => path)]).toEqual([true, ['b']])
    expect(skipped).toEqual([{ path: 'a', reason: 'changed while it was read' }])
  })

  test('that grows after it was listed is read no further than it was', async () => {
    const workspace = await createTestWorkspace()
    await writeFile(join(workspace.workDir, 'growing'), 'x'.repeat(100))

    expect(await readOutput(workspace.workDir, 'growing', 10)).toMatchObject({ size: 10 })
  })

  test('that has become a FIFO is not waited for', async () => {
    const workspace = await createTestWorkspace()
    execFileSync('mkfifo', [join(workspace.workDir, 'fifo')])

    expect(() => readOutput(workspace.workDir, 'fifo', 10)).toThrow('is no file any more')
  })
})
