import { RGridError, type BatchItem } from '@rgrid/protocol'
import { createHash } from 'node:crypto'
import { join } from 'node:path'
import { describe, expect, it, vi } from 'vitest'
import type { BatchEach, BatchOptions } from '../../src/batch/batch-options.js'
import type { BatchProgress, BatchResult } from '../../src/batch/types.js'
import { createDirectory } from '../temporary-directory.js'
import { createFakeBatchServer, problem, type FakeRules } from './support/fake-batch-server.js'

const sha256 = (text: string): string => createHash('sha256').update(text).digest('hex')
const numbers = (count: number): string[] => Array.from({ length: count }, (_, index) => `${index}`)

async function setUp(rules: FakeRules = {}, files: Record<string, string> = {}) {
  const cwd = await createDirectory({ 'a.py': 'print(1)', ...files })
  const server = createFakeBatchServer(rules)
  const start = (options: BatchOptions) => server.client.batch('a.py', { cwd, ...options })
  const sent = (): BatchItem[] => [...server.items.values()].sort((one, other) => one.index - other.index)
  return { cwd, server, start, sent }
}

const collect = async <T>(items: AsyncIterable<T>): Promise<T[]> => {
  const all: T[] = []
  for await (const item of items) all.push(item)
  return all
}

describe('the items of a batch', () => {
  it('are the files of a glob, each an argument that travels', async () => {
    const { server, start, sent } = await setUp(
      {},
      { 'in/b.txt': 'B', 'in/a.txt': 'A', 'in/.hidden.txt': '' },
    )

    const { ok, counts } = await start({ each: 'in/*.txt', args: ['--size', '{}', '-v'] })

    expect({ ok, total: counts.total }).toEqual({ ok: true, total: 2 })
    expect(sent().map(({ name, args, files }) => [name, args, files.map(({ path }) => path)])).toEqual([
      ['a.txt', ['--size', 'in/a.txt', '-v'], ['in/a.txt']],
      ['b.txt', ['--size', 'in/b.txt', '-v'], ['in/b.txt']],
    ])
    expect(server.blobs.get(sha256('A'))?.toString()).toBe('A')
  })

  it('are a list of files and plain words, with what they have in common said once', async () => {
    const { server, start, sent } = await setUp({}, { 'x.txt': 'X', 'model.bin': 'M' })

    await start({ each: ['x.txt', 'word'], args: ['model.bin'], env: { MODE: 'fast' } })

    expect(sent().map(({ args, files }) => [args, files.map(({ path }) => path)])).toEqual([
      [['model.bin', 'x.txt'], ['x.txt']],
      [['model.bin', 'word'], []],
    ])
    expect(server.adds.at(-1)?.spec).toMatchObject({ args: ['model.bin'], env: { MODE: 'fast' } })
    expect(server.adds.at(-1)?.spec.files.map(({ path }) => path)).toEqual(['a.py', 'model.bin'])
  })

  it('may have arguments, variables and a name of their own', async () => {
    const { start, sent } = await setUp()

    await start({ each: [{ args: ['-a', 'b'], env: { N: '1' }, name: 'first' }, { env: { N: '2' } }] })

    expect(sent().map(({ name, args, env }) => [name, args, env])).toEqual([
      ['first', ['-a', 'b'], { N: '1' }],
      ['item 1', [], { N: '2' }],
    ])
  })

  it('from outside the current directory get a place, also inside of an argument', async () => {
    const { cwd, start, sent } = await setUp({}, { 'model.bin': 'M' })
    const outside = join(await createDirectory({ 'o.txt': 'O' }), 'o.txt')

    await start({ each: [outside], args: [join(cwd, 'model.bin'), '--in={}'] })

    expect(sent()[0]).toMatchObject({
      args: ['model.bin', '--in=.rgrid/inputs/item/0/o.txt'],
      rewrites: [
        { index: 0, from: join(cwd, 'model.bin') },
        { index: 1, from: `--in=${outside}` },
      ],
      files: [{ path: '.rgrid/inputs/item/0/o.txt' }],
    })
  })

  it('that are the same in all are counted, and called differently', async () => {
    const { start, sent } = await setUp({}, { 'x.txt': 'X' })

    await start({ each: ['x.txt', 'y', 'x.txt', './x.txt', 'x.txt'] })

    expect(sent().map(({ name, repeat }) => [name, repeat])).toEqual([
      ['x.txt', 0],
      ['y', 0],
      ['x.txt (2)', 1],
      ['x.txt (3)', 0],
      ['x.txt (4)', 2],
    ])
  })

  it('do not travel with upload: false', async () => {
    const { start, sent } = await setUp({}, { 'x.txt': 'X' })

    await start({ each: ['x.txt'], upload: false })

    expect(sent()[0]).toMatchObject({ args: ['x.txt'], files: [] })
  })
})

describe('a batch is sent', () => {
  it('in chunks, each item once', async () => {
    const { server, start, sent } = await setUp()

    await start({ each: numbers(450) })

    expect(sent().map(({ args }) => args?.[0])).toEqual(numbers(450))
    const accepted = server.adds.filter((_, index) => index > 0)
    expect(accepted.map(({ items }) => items.length)).toEqual([200, 200, 50])
    expect(server.calls.at(-1)).toBe('POST /v1/batches/ID/seal')
  })

  it('in smaller chunks where items are large', async () => {
    const { server, start } = await setUp()

    await start({ each: numbers(30).map((number) => number.padEnd(100_000, 'x')) })

    for (const add of server.adds) expect(JSON.stringify(add).length).toBeLessThan(2 * 1024 * 1024)
    expect(server.items.size).toBe(30)
  })

  it('without the bytes of what the server has', async () => {
    const { server, start } = await setUp({}, { 'x.txt': 'X' })
    server.blobs.set(sha256('X'), Buffer.from('X'))

    await start({ each: ['x.txt'] })

    expect(server.adds.length).toBe(2)
    expect(server.adds[0]?.spec.files[0]?.data).toBeUndefined()
    expect(server.adds[1]?.spec.files[0]?.data).toBeDefined()
    expect(server.adds[1]?.items[0]?.files[0]?.data).toBeUndefined()
  })

  it('with large files uploaded on their own, and the rest of the small ones', async () => {
    const big = 'b'.repeat(300_000)
    const small = Object.fromEntries(numbers(20).map((n) => [`in/${n}.txt`, n.padEnd(250_000, 's')]))
    const { server, start } = await setUp({}, { ...small, 'in/big.txt': big })

    await start({ each: 'in/*' })

    expect(server.blobs.get(sha256(big))?.length).toBe(300_000)
    expect(server.items.size).toBe(21)
    const inline = server.adds.at(-1)?.items.flatMap(({ files }) => files.filter(({ data }) => data)) ?? []
    expect(inline.length).toBeGreaterThan(10)
    expect(inline.reduce((sum, { size }) => sum + size, 0)).toBeLessThanOrEqual(4 * 1024 * 1024)
  })

  it('again and again while the queue is full', async () => {
    let full = 1
    const { server, start } = await setUp({
      before: (call) => (call.endsWith('/items') && full-- > 0 ? problem(429, 'queue_full') : undefined),
    })

    expect((await start({ each: ['1'] })).ok).toBe(true)
    expect(server.items.size).toBe(1)
  })

  it('as its items come, without waiting for a full chunk', async () => {
    let go = (): void => {}
    const gate = new Promise<void>((resolve) => (go = resolve))
    const { server, start } = await setUp()
    async function* each(): AsyncGenerator<BatchEach> {
      yield 'first'
      await gate
      yield 'second'
    }

    const batch = start({ each: each() })
    await vi.waitFor(() => expect(server.items.size).toBe(1))
    expect(server.record().status).toBe('open')
    go()

    expect((await batch).counts.total).toBe(2)
  })

  it('no faster than the server takes them', async () => {
    let go = (): void => {}
    const gate = new Promise<void>((resolve) => (go = resolve))
    let made = 0
    function* each(): Generator<BatchEach> {
      while (made < 2_000) yield `${made++}`
    }
    const cwd = await createDirectory({ 'a.py': 'print(1)' })
    const { fetch, items } = createFakeBatchServer()
    const slow: typeof fetch = async (url, init) => {
      if (url.endsWith('/items')) await gate
      return fetch(url, init)
    }
    const { createClient } = await import('../../src/create-client.js')
    const client = createClient({ url: 'http://server', apiKey: 'sk_1', fetch: slow })

    const batch = client.batch('a.py', { cwd, each: each() })
    for (let before = -1; before !== made || made === 0;) {
      before = made
      await new Promise((resolve) => setTimeout(resolve, 100))
    }
    // One chunk that is sent, one that is ready, one that is gathered.
    expect(made).toBeLessThanOrEqual(601)
    go()

    await batch
    expect(items.size).toBe(2_000)
  })

  it('in one lane for the same call, and in another for other arguments', async () => {
    const { server, start } = await setUp({}, { 'x.txt': 'X', 'y.md': 'Y' })
    const laneOf = async (options: BatchOptions): Promise<string> => {
      await start(options)
      return server.record().lane
    }

    const lane = await laneOf({ each: '*.txt', args: ['-a'] })

    expect(await laneOf({ each: '*.txt', args: ['-a'], parallel: 3 })).toBe(lane)
    expect(server.record()).toMatchObject({ parallel: 3 })
    expect(await laneOf({ each: '*.txt', args: ['-b'] })).not.toBe(lane)
    expect(await laneOf({ each: '*.md', args: ['-a'] })).not.toBe(lane)
    expect(await laneOf({ each: '*.md', lane: 'mine' })).toBe('mine')
  })
})

describe('the results of a batch', () => {
  it('come as items end, with a summary of those that failed', async () => {
    const { start } = await setUp({ end: ({ index }) => (index === 1 ? 'failed' : 'completed') })

    const batch = start({ each: ['a', 'b', 'c'] })
    const results = await collect(batch)
    const summary = await batch

    expect(results.map(({ index, name, ok, exitCode }) => [index, name, ok, exitCode])).toEqual([
      [0, 'a', true, 0],
      [1, 'b', false, 1],
      [2, 'c', true, 0],
    ])
    expect(summary).toMatchObject({
      ok: false,
      counts: { total: 3, completed: 2, failed: 1 },
      costMicrons: 7,
      failed: [{ index: 1, name: 'b', id: results[1]?.id, status: 'failed', cause: 'exit', exitCode: 1 }],
    })
  })

  it('can be read any number of times, also after the end', async () => {
    const { server, start } = await setUp()

    const batch = start({ each: numbers(20) })
    const live = await collect(batch)
    await batch
    const again = await collect(batch)

    expect(again.map(({ name }) => name)).toEqual(live.map(({ name }) => name))
    expect(server.streams).toEqual([0])
  })

  it('come from the server where the reader is far behind', async () => {
    const { server, start } = await setUp()

    const batch = start({ each: numbers(1_200) })
    const iterator = batch[Symbol.asyncIterator]()
    const first = (await iterator.next()).value as BatchResult
    await batch
    const rest: BatchResult[] = []
    for (let next = await iterator.next(); next.done !== true; next = await iterator.next())
      rest.push(next.value)

    expect([first, ...rest].map(({ index }) => index)).toEqual(numbers(1_200).map(Number))
    expect(server.streams).toEqual([0, 1])
  })

  it('need not be read for the summary', async () => {
    const { start } = await setUp()

    expect((await start({ each: numbers(500) })).counts.completed).toBe(500)
  })

  it('come from the first on where a batch is attached to', async () => {
    const { server, start } = await setUp({ end: () => 'failed' })
    const { id } = await start({ each: ['a', 'b'] })

    const attached = server.client.attachBatch(id)

    expect((await collect(attached)).map(({ name }) => name)).toEqual(['a', 'b'])
    expect((await attached).failed.map(({ name }) => name)).toEqual(['a', 'b'])
  })
})

describe('the progress of a batch', () => {
  it('counts to its end', async () => {
    const { start } = await setUp({ end: ({ index }) => (index === 0 ? 'failed' : 'completed') })
    const seen: BatchProgress[] = []

    const batch = start({ each: numbers(4) })
    batch.onProgress((progress) => seen.push(progress))
    const iterated = await collect(batch.progress)
    await batch

    expect(seen[0]).toMatchObject({ done: 0, total: 4, percent: 0, etaMs: null })
    expect(seen.at(-1)).toEqual({
      done: 4,
      failed: 1,
      reused: 0,
      running: 0,
      queued: 0,
      total: 4,
      percent: 100,
      etaMs: 0,
    })
    expect(iterated.at(-1)).toEqual(seen.at(-1))
    expect(seen.every(({ done }, index) => index === 0 || done >= (seen[index - 1]?.done ?? 0))).toBe(true)
  })
})

describe('the end of a batch', () => {
  const never: FakeRules = { end: ({ args }) => (args?.[0] === 'stuck' ? undefined : 'completed') }

  it('can be asked for', async () => {
    const { start } = await setUp(never)

    const batch = start({ each: ['a', 'stuck'] })
    await batch.accepted
    await batch.cancel()

    expect(await batch).toMatchObject({ ok: false, failed: [{ name: 'stuck', status: 'cancelled' }] })
  })

  it('comes by an AbortSignal, while items are still being made', async () => {
    const control = new AbortController()
    const { server, start } = await setUp(never)
    async function* each(): AsyncGenerator<BatchEach> {
      yield 'stuck'
      await new Promise(() => {})
    }

    const batch = start({ each: each(), signal: control.signal })
    await vi.waitFor(() => expect(server.items.size).toBe(1))
    control.abort()

    expect(await batch).toMatchObject({ record: { status: 'finished', cancelRequested: true } })
  })

  it('comes at the end of its block', async () => {
    const { server, start } = await setUp(never)
    {
      await using batch = start({ each: ['stuck'] })
      await batch.accepted
    }

    expect(server.record()).toMatchObject({ status: 'finished', cancelRequested: true })
  })

  it('comes when an item is wrong, with what is wrong', async () => {
    const { server, start } = await setUp(never)
    function* each(): Generator<BatchEach> {
      yield 'stuck'
      yield 5 as unknown as string
    }

    const batch = start({ each: each() })

    await expect(batch).rejects.toThrow(/^each\.1/)
    await expect(batch.accepted).rejects.toThrow(/^each\.1/)
    expect(server.calls).toContain('POST /v1/batches/ID/cancel')
    expect(server.calls.at(-1)).toBe('POST /v1/batches/ID/seal')
    expect(server.items.size).toBe(0)
  })

  it('comes by the first failure, where no more items are taken then', async () => {
    const { server, start } = await setUp({
      before: (call) =>
        call.endsWith('/items') && server.items.size > 0 ? problem(409, 'already_finished') : undefined,
    })

    const batch = start({ each: numbers(201), failFast: true })

    expect(await batch).toMatchObject({ counts: { total: 200 } })
    expect(server.record().failFast).toBe(true)
  })

  it('comes when the server refuses items', async () => {
    const { start } = await setUp({
      before: (call) => (call.endsWith('/items') ? problem(400, 'invalid_request') : undefined),
    })

    const batch = start({ each: ['a'] })

    await expect(collect(batch)).rejects.toThrow(RGridError)
  })
})

describe('a batch is refused, and nothing is sent,', () => {
  const untyped = (options: unknown): BatchOptions => options as BatchOptions
  it.for<[string, BatchOptions, RegExp]>([
    ['for a glob that names no file', { each: 'in/*.png' }, /^each: "in\/\*\.png" names no file/],
    ['for a directory', { each: 'in' }, /^each: "in" is a directory: write in\/\*$/],
    ['for no items', { each: [] }, /^each: there is no item$/],
    [
      'for too many items',
      { each: Array<string>(100_001).fill('x') },
      /^each: more than the limit of 100000/,
    ],
    ['for an item that is none', untyped({ each: ['a', 5] }), /^each\.1: /],
    ['for an unknown part of an item', untyped({ each: [{ arg: ['a'] }] }), /^each\.0: .*"arg"/],
    ['for a wrong variable', { each: [{ env: { '1A': 'x' } }] }, /^each\.0\.env/],
    [
      'for an argument over the limit',
      { each: ['x'.repeat(130_000)] },
      /^each\.0\.args\.0: is over the limit/,
    ],
    [
      'for several arguments inside of one',
      { each: [{ args: ['a', 'b'] }], args: ['--in={}'] },
      /^each\.0: a \{\} inside of an argument takes one argument of an item, not 2$/,
    ],
    ['without items', untyped({}), /^each: undefined is neither a glob nor a list/],
    [
      'for a wrong parallel',
      { each: ['a'], parallel: 0 },
      /^parallel: 0 is not a whole number from 1 to 10000$/,
    ],
    ['for a wrong rerun', untyped({ each: ['a'], rerun: 'some' }), /^rerun: /],
    ['for an unknown option', untyped({ each: ['a'], paralell: 1 }), /^options: .*"paralell"/],
    ['for the cache', untyped({ each: ['a'], cache: true }), /^cache: what ran before stands for the items/],
    ['for a key', untyped({ each: ['a'], key: 'mine' }), /^key: names one execution: give it to an item/],
    ['for an empty key of an item', { each: ['a', { key: '' }] }, /^each\.1\.key: /],
    [
      'for a key over the limit',
      { each: [{ key: 'k'.repeat(257) }] },
      /^each\.0\.key: over the limit of 256 characters$/,
    ],
    [
      'for inputs that are none',
      untyped({ each: [{ inputs: 'in' }] }),
      /^each\.0\.inputs: must be an array$/,
    ],
    [
      'for an input that is none',
      untyped({ each: [{ inputs: [5] }] }),
      /^each\.0\.inputs\.0: must be a path/,
    ],
    [
      'for an input that is not there',
      { each: ['a', { inputs: ['in', 'none'] }] },
      /^each\.1\.inputs\.1: "none" is not there: check the path$/,
    ],
    [
      'for a pattern that matches nothing',
      { each: [{ inputs: ['in/*.png'] }] },
      /^each\.0\.inputs\.0: "in\/\*\.png" matches no file/,
    ],
    [
      'for an input in the place of the script',
      { each: [{ inputs: [{ path: 'a.py', data: '' }] }] },
      /^each\.0\.inputs\.0: "a\.py" is there already$/,
    ],
    [
      'for an input that leads out',
      { each: [{ inputs: [{ path: '../x', data: '' }] }] },
      /^each\.0\.inputs\.0: the path "\.\.\/x" /,
    ],
    ['for a wrong timeout', { each: ['a'], timeoutMs: -1 }, /timeoutMs/],
  ])('%s', async ([, options, message]) => {
    const { server, start } = await setUp({}, { 'in/a.txt': '' })

    await expect(start(options)).rejects.toThrow(message)
    expect(server.calls).toEqual([])
  })
})
