import type { Claim } from '@rgrid/protocol'
import { execFileSync } from 'node:child_process'
import { createHash } from 'node:crypto'
import { mkdtemp, mkdir, rm, symlink, truncate, utimes, writeFile } from 'node:fs/promises'
import { createServer } from 'node:net'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { describe, expect, onTestFinished, test } from 'vitest'
import { collectOutputs } from '../../src/attempt/collect-outputs.js'
import { listOutputs } from '../../src/attempt/list-outputs.js'
import { fillWorkspace, type Workspace } from '../../src/attempt/workspace.js'

const sha256 = (text: string): string => createHash('sha256').update(text).digest('hex')

async function createTestWorkspace(
  inputs: Record<string, string> = { 'script.py': 'pass' },
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
  const spec = { files, folders: [] } as unknown as Claim['spec']
  const claim = { executionId: 'exec_1', attempt: 1, spec } as Claim
  return fillWorkspace(root, claim, () => Promise.reject(new Error('nothing is fetched here')))
}

const paths = async (workspace: Workspace): Promise<string[]> =>
  (await listOutputs(workspace)).candidates.map(({ path }) => path).sort()
const noApi = { url: '', send: () => Promise.reject(new Error()), call: () => Promise.reject(new Error()) }

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

    expect(await listOutputs(workspace)).toEqual({ candidates: [], skipped: [] })
  })

  test('include an input that was changed to the same length', async () => {
    const workspace = await createTestWorkspace({ 'script.py': 'pass', 'data.txt': 'one' })
    await writeFile(join(workspace.workDir, 'data.txt'), 'two')

    const { files } = await collectOutputs(noApi, workspace, () => Promise.resolve())

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

    const { files, skipped } = await collectOutputs(noApi, workspace, () => Promise.resolve(), bringFiles)

    expect(files.map(({ path }) => path)).toEqual(['brought'])
    expect(skipped).toEqual([{ path: 'link', reason: 'is a symbolic link' }])
  })

  test('do not include an input that was only touched', async () => {
    const workspace = await createTestWorkspace({ 'script.py': 'pass', 'data.txt': 'one' })
    await utimes(join(workspace.workDir, 'data.txt'), 1, 1)

    const { files } = await collectOutputs(noApi, workspace, () => Promise.resolve())

    expect(files).toEqual([])
  })

  test('do not include links, FIFOs and sockets, which are listed with their reason and never opened', async () => {
    const workspace = await createTestWorkspace()
    await symlink('/etc/passwd', join(workspace.workDir, 'link'))
    execFileSync('mkfifo', [join(workspace.workDir, 'fifo')])
    const server = createServer().listen(join(workspace.workDir, 'socket'))
    onTestFinished(() => void server.close())

    const { files, skipped } = await collectOutputs(noApi, workspace, () => Promise.resolve())

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

    const { files, skipped } = await collectOutputs(noApi, workspace, () => Promise.resolve())

    expect(files.map(({ path }) => path)).toEqual(['tiny'])
    expect(skipped).toEqual([{ path: 'sparse', reason: 'over the limit of 5368709120 bytes' }])
  })

  test('do not include .rgrid, where configuration is at home', async () => {
    const workspace = await createTestWorkspace()
    await mkdir(join(workspace.workDir, '.rgrid'))
    await writeFile(join(workspace.workDir, '.rgrid', 'config.toml'), 'url = "http://evil"')

    expect(await listOutputs(workspace)).toEqual({
      candidates: [],
      skipped: [{ path: '.rgrid', reason: 'is kept for RGrid' }],
    })
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
    for (let number = 0; number < 1_200; number++)
      await symlink('nowhere', join(workspace.workDir, `link${number}`))

    const { skipped } = await listOutputs(workspace)

    expect(skipped).toHaveLength(1_000)
    expect(skipped.at(-1)).toEqual({ path: '.', reason: 'and 201 more are left behind' })
  })
})
