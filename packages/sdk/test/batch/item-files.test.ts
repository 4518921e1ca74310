import { LIMITS, type BatchItem } from '@rgrid/protocol'
import { createHash } from 'node:crypto'
import { readdirSync } from 'node:fs'
import { mkdir, symlink, truncate, writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { setFlagsFromString } from 'node:v8'
import { runInNewContext } from 'node:vm'
import { describe, expect, it, onTestFinished, vi } from 'vitest'
import type { BatchEach, BatchOptions } from '../../src/batch/batch-options.js'
import { createDirectory } from '../temporary-directory.js'
import { createFakeBatchServer, problem, type FakeRules } from './support/fake-batch-server.js'

const sha256 = (text: string): string => createHash('sha256').update(text).digest('hex')

async function setUp(files: Record<string, string> = {}, rules: FakeRules = {}) {
  const cwd = await createDirectory({ 'a.py': 'print(1)', ...files })
  const server = createFakeBatchServer(rules)
  const sent = (): BatchItem[] => [...server.items.values()].sort((one, other) => one.index - other.index)
  const run = async (options: BatchOptions): Promise<BatchItem[]> => {
    await server.client.batch('a.py', { cwd, ...options })
    return sent()
  }
  return { cwd, server, run, sent }
}

/** What nothing refers to any more is gone after this. */
async function collectGarbage(): Promise<void> {
  setFlagsFromString('--expose-gc')
  // What a reference that does not hold was made for stays until the present task is over.
  await new Promise((resolve) => setImmediate(resolve))
  ;(runInNewContext('gc') as () => void)()
}

const pathsOf = ({ files }: BatchItem): string[] => files.map(({ path }) => path).sort()

describe('inputs of an item', () => {
  it('are files, folders, patterns and data, beside those of all items', async () => {
    const { cwd, server, run } = await setUp({
      'in/b.txt': 'B',
      'in/c.md': 'C',
      'in/d/e.txt': 'E',
      model: 'M',
    })
    const outside = join(await createDirectory({ 'o.txt': 'O' }), 'o.txt')
    await mkdir(join(cwd, 'in/empty'))

    const items = await run({
      inputs: ['model'],
      each: [
        { inputs: ['in', '!**/*.md'] },
        { inputs: ['in/*.txt', { path: 'own', data: 'own' }], args: ['in/c.md'] },
        { inputs: [{ path: 'under/another', file: outside }] },
        'word',
      ],
    })

    expect(items.map(pathsOf)).toEqual([
      ['in/b.txt', 'in/d/e.txt'],
      ['in/b.txt', 'in/c.md', 'own'],
      ['under/another'],
      [],
    ])
    expect(items[0]?.folders).toEqual(['in', 'in/d', 'in/empty'])
    expect(server.adds.at(-1)?.spec.files.map(({ path }) => path)).toEqual(['a.py', 'model'])
    expect(server.blobs.get(sha256('own'))?.toString()).toBe('own')
  })

  it('take the place of common ones, and are left out where they are the same', async () => {
    const { run } = await setUp({ 'x.txt': 'X', 'y.txt': 'Y' })

    const [one, other] = await run({
      inputs: ['x.txt', { path: 'made', data: 'common' }],
      each: [
        { inputs: ['*.txt', { path: 'made', data: 'own' }] },
        { inputs: [{ path: 'x.txt', data: 'own' }] },
      ],
    })

    expect(one?.files.map(({ path, sha256 }) => [path, sha256])).toEqual([
      ['y.txt', sha256('Y')],
      ['made', sha256('own')],
    ])
    expect(other?.files[0]).toMatchObject({ path: 'x.txt', sha256: sha256('own') })
  })

  it('leave out what ignore files leave out', async () => {
    const { run } = await setUp({
      'in/.gitignore': '*.log\n',
      'in/.rgridignore': 'cache/\n',
      'in/a.log': '',
      'in/a.txt': '',
      'in/cache/x': '',
    })

    const [item] = await run({ each: [{ inputs: ['in'] }] })

    expect(item && pathsOf(item)).toEqual(['in/.gitignore', 'in/.rgridignore', 'in/a.txt'])
  })

  it('that are streams are read when their turn comes, and gone when they have been sent', async () => {
    const { server, run } = await setUp()
    const temporary = await createDirectory()
    vi.stubEnv('TMPDIR', temporary)
    onTestFinished(() => void vi.unstubAllEnvs())
    const text = (index: number): string => `${index}`.repeat(LIMITS.inlineFileBytes + 1)
    const kept: number[] = []
    async function* stream(index: number): AsyncGenerator<string> {
      await vi.waitFor(() => expect(server.items.size).toBe(index))
      kept.push(readdirSync(temporary, { recursive: true }).length)
      yield text(index)
    }
    function* each(): Generator<BatchEach> {
      for (let index = 0; index < 4; index++) yield { inputs: [{ path: 'in', data: stream(index) }] }
    }

    await run({ each: each() })

    expect(server.blobs.get(sha256(text(3)))?.length).toBe(LIMITS.inlineFileBytes + 1)
    // A folder, and what was sent last may still be there.
    expect(Math.max(...kept)).toBeLessThanOrEqual(2)
    expect(readdirSync(temporary)).toEqual([])
  })

  it('that are in memory are not held for longer than it takes to send them', async () => {
    const { cwd, server } = await setUp()
    const made: WeakRef<Buffer>[] = []
    let held = 0
    async function* each(): AsyncGenerator<BatchEach> {
      while (made.length < 1_000) {
        const data = Buffer.alloc(100_000, `${made.length} `)
        made.push(new WeakRef(data))
        yield { inputs: [{ path: 'in', data }] }
      }
      await collectGarbage()
      held = made.filter((one) => one.deref() !== undefined).length
    }

    await server.client.batch('a.py', { cwd, each: each() })

    expect(server.items.size).toBe(1_000)
    // Three chunks of up to 2 MiB, and the one that has been asked for.
    expect(held).toBeLessThanOrEqual(70)
  })

  it('are limited, with the item named that has too much', async () => {
    const { cwd, run } = await setUp()
    const size = LIMITS.inputBytes / 4
    for (const name of ['1', '2', '3', '4', '5']) {
      await writeFile(join(cwd, name), '')
      await truncate(join(cwd, name), size)
    }
    const over = run({ each: ['word', { inputs: ['1', '2', '3', '4', '5'] }] })

    await expect(over).rejects.toThrow(/^each\.1\.files: \d+ bytes are over the limit of 5368709120 bytes/)
  })
})

describe('a folder that is an item', () => {
  it('keeps its links within what travels, and leaves those behind that lead elsewhere', async () => {
    const { cwd, server, sent } = await setUp({
      'in/one/x.txt': 'X',
      'in/two/y.txt': 'Y',
      'lib/z.txt': 'Z',
      'a.txt': '',
    })
    await symlink('x.txt', join(cwd, 'in/one/inner'))
    await symlink('../../lib', join(cwd, 'in/one/common'))
    await symlink('../../lib/z.txt', join(cwd, 'in/one/file'))
    await symlink('../../a.txt', join(cwd, 'in/one/elsewhere'))
    await symlink('/etc/passwd', join(cwd, 'in/one/outside'))
    await symlink('../one/x.txt', join(cwd, 'in/two/other'))
    await symlink('../a.txt', join(cwd, 'lib/shared'))
    const told: string[] = []
    const batch = server.client.batch('a.py', { cwd, each: ['in/one', 'in/two'], inputs: ['lib'] })
    batch.onStaying((staying) => void told.push(...staying.map(({ path }) => path)))
    await batch
    const [one, two] = sent()

    expect([one, two].map((item) => item && pathsOf(item))).toEqual([['in/one/x.txt'], ['in/two/y.txt']])
    expect(one?.links).toHaveLength(3)
    expect(one?.links).toEqual(
      expect.arrayContaining([
        { path: 'in/one/inner', target: 'x.txt' },
        { path: 'in/one/common', target: '../../lib' },
        { path: 'in/one/file', target: '../../lib/z.txt' },
      ]),
    )
    expect(two?.links).toBeUndefined()
    expect(told.toSorted()).toEqual(['in/one/elsewhere', 'in/one/outside', 'in/two/other', 'lib/shared'])
  })

  it('says nothing again of the links that travel for all items', async () => {
    const { cwd, server, run } = await setUp({ 'in/one/x.txt': 'X' })
    await symlink('x.txt', join(cwd, 'in/one/inner'))

    const [item] = await run({ each: ['in/one'], inputs: ['in'] })

    expect(server.adds.at(-1)?.spec.links).toEqual([{ path: 'in/one/inner', target: 'x.txt' }])
    expect(item).toMatchObject({ args: ['in/one'], files: [] })
    expect(item?.links).toBeUndefined()
  })
})

describe('the key of an item', () => {
  it('is sent with it', async () => {
    const { run } = await setUp()

    expect((await run({ each: [{ key: 'first' }, 'word'] })).map(({ key }) => key)).toEqual([
      'first',
      undefined,
    ])
  })

  it('that stands for something else fails the batch, named by its place among all items', async () => {
    let calls = 0
    const { server, run } = await setUp(
      {},
      {
        before: (call) =>
          call.endsWith('/items') && ++calls > 2
            ? problem(409, 'key_conflict', {
                detail: 'items.3.key: the key "k" was used for another request',
                issues: [{ path: 'items.3.key', message: 'the key "k" was used for another request' }],
                executionId: 'exec_019a0000000070008000000000000001',
              })
            : undefined,
      },
    )
    const each = Array.from({ length: 210 }, (_, index) => ({ args: [`${index}`] }))

    await expect(run({ each })).rejects.toMatchObject({
      code: 'key_conflict',
      message: 'each.203.key: the key "k" was used for another request',
      issues: [{ path: 'each.203.key' }],
      executionId: 'exec_019a0000000070008000000000000001',
    })
    expect(server.calls).toContain('POST /v1/batches/ID/cancel')
  })
})
