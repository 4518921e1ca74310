import { createBatchId, type BatchEvent, type BatchRecord, type BatchSpec, type Claim } from '@rgrid/protocol'
import { followBatch } from '@rgrid/protocol/client'
import { rm } from 'node:fs/promises'
import { join } from 'node:path'
import { describe, expect, test } from 'vitest'
import {
  add,
  addTo,
  FAILURE,
  getBatch,
  item,
  items,
  openBatch,
  runAll,
  runOne,
  type Added,
} from '../batch-fixture.js'
import {
  createFixture,
  createSpec,
  createTestRunner,
  getExecution,
  grantKey,
  inlineFile,
  openApi,
  readJson,
  sha256,
  submit,
  SUCCESS,
  type Fixture,
} from '../server-fixture.js'

describe('a batch', () => {
  test('is open until it is sealed, and over with its last item', async () => {
    const fixture = await createFixture()
    const runner = await createTestRunner(fixture)
    const id = await openBatch(fixture, { labels: { a: 'b' } })
    await add(fixture, id, items(3))
    const opened = await getBatch(fixture, id)
    await fixture.send('POST', `/v1/batches/${id}/seal`)
    const sealed = await getBatch(fixture, id)
    await runAll(runner)
    const over = await getBatch(fixture, id)

    expect([opened.status, sealed.status, over.status]).toEqual(['open', 'running', 'finished'])
    expect(opened).toMatchObject({ labels: { a: 'b' }, counts: { total: 3, queued: 3 } })
    expect(over).toMatchObject({ counts: { queued: 0, completed: 3 }, costMicrons: 3_000 })
    expect(Date.parse(over.finishedAt ?? '')).toBeGreaterThan(0)
  })

  test('gives each item what is its own beside what all have in common', async () => {
    const fixture = await createFixture()
    const runner = await createTestRunner(fixture)
    const id = await openBatch(fixture)
    const own = { env: { B: 'own' }, files: [inlineFile('own.txt', 'own')], folders: ['empty'] }
    await add(fixture, id, [item(0, ['x'], own)], createSpec({ args: ['common'], env: { A: '1', B: '2' } }))
    const [claim] = await runner.claim()

    expect(claim?.spec).toMatchObject({ args: ['x'], env: { A: '1', B: 'own' }, folders: ['empty'] })
    expect(claim?.spec.files.map(({ path }) => path)).toEqual(['hello.py', 'own.txt'])
  })

  test('puts the files and links of an item in the place of common ones', async () => {
    const fixture = await createFixture()
    const runner = await createTestRunner(fixture)
    const id = await openBatch(fixture)
    const link = (path: string, target: string) => ({ path, target })
    const [script, common] = [inlineFile('hello.py', 'print(1)'), inlineFile('a.txt', 'common')]
    const spec = createSpec({ files: [script, common], links: [link('b', 'a.txt'), link('c', 'a.txt')] })
    const own = { files: [inlineFile('a.txt', 'own'), inlineFile('b', 'own')], links: [link('d', 'a.txt')] }
    await add(fixture, id, [item(0, [], own)], spec)
    const [claim] = await runner.claim()

    expect(claim?.spec.files.map(({ path, sha256 }) => [path, sha256])).toEqual([
      ['a.txt', sha256('own')],
      ['b', sha256('own')],
      ['hello.py', sha256('print(1)')],
    ])
    expect(claim?.spec.links).toEqual([link('c', 'a.txt'), link('d', 'a.txt')])
  })

  test('adds nothing twice', async () => {
    const fixture = await createFixture()
    const id = await openBatch(fixture)
    const first = await add(fixture, id, items(3))
    const again = await add(fixture, id, items(3))

    expect(again).toEqual(first)
    expect((await getBatch(fixture, id)).counts.total).toBe(3)
  })

  test('takes no items once it is sealed', async () => {
    const fixture = await createFixture()
    const id = await openBatch(fixture)
    await fixture.send('POST', `/v1/batches/${id}/seal`)

    expect(await readJson(await addTo(fixture, id, items(1)))).toMatchObject({ code: 'invalid_request' })
  })

  test('stores nothing of a request with an item that is wrong, and names it', async () => {
    const fixture = await createFixture()
    const id = await openBatch(fixture)
    const wrong = item(1, ['x'], { files: [inlineFile('a', '1')], folders: ['a'] })
    const answer = await readJson(await addTo(fixture, id, [item(0), wrong]))

    expect(answer).toMatchObject({ code: 'invalid_request' })
    expect(answer['detail']).toContain('items.1.files')
    expect((await getBatch(fixture, id)).counts.total).toBe(0)
  })

  test('says which blobs are missing for all of its items, each once', async () => {
    const fixture = await createFixture()
    const id = await openBatch(fixture)
    const items = ['big', 'other', 'big'].map((text, index) =>
      item(index, [], { files: [{ path: 'file', sha256: sha256(text), size: text.length }] }),
    )
    const answer = await readJson(await addTo(fixture, id, items))

    expect(answer).toMatchObject({ code: 'missing_blobs', missing: [sha256('big'), sha256('other')] })
    expect((await getBatch(fixture, id)).counts.total).toBe(0)
  })

  test('is of one project', async () => {
    const fixture = await createFixture()
    const id = await openBatch(fixture)
    const key = grantKey(fixture.server, ['submit', 'read', 'admin'], 'other')
    const asked = [
      fixture.send('GET', `/v1/batches/${id}`, undefined, { key }),
      fixture.send('GET', `/v1/batches/${id}/items`, undefined, { key }),
      fixture.send('GET', `/v1/batches/${id}/events`, undefined, { key }),
      fixture.send('POST', `/v1/batches/${id}/cancel`, undefined, { key }),
      fixture.send('POST', `/v1/batches/${id}/seal`, undefined, { key }),
      fixture.send('POST', `/v1/batches/${id}/items`, { spec: createSpec(), items: items(1) }, { key }),
      fixture.send('PUT', `/v1/batches/${id}`, { lane: 'lane' }, { key }),
    ]
    const list = await readJson(await fixture.send('GET', '/v1/batches', undefined, { key }))

    expect((await Promise.all(asked)).map(({ status }) => status)).toEqual([
      404, 404, 404, 404, 404, 404, 409,
    ])
    expect(list).toEqual({ batches: [], next: null })
  })

  test('is listed page by page, newest first, as its items are by their index', async () => {
    const fixture = await createFixture()
    const ids = [await openBatch(fixture), await openBatch(fixture), await openBatch(fixture)].reverse()
    const read = async (path: string) => readJson<Record<string, unknown>>(await fixture.send('GET', path))
    const first = await read('/v1/batches?limit=2')
    const second = await read(`/v1/batches?limit=2&before=${String(first['next'])}`)
    await add(fixture, ids[0] ?? '', items(3))
    const page = await read(`/v1/batches/${ids[0]}/items?limit=2`)
    const rest = await read(`/v1/batches/${ids[0]}/items?limit=2&after=${String(page['next'])}`)

    expect(first['batches']).toMatchObject([{ id: ids[0] }, { id: ids[1] }])
    expect(second).toMatchObject({ batches: [{ id: ids[2] }], next: null })
    expect(page).toMatchObject({ items: [{ index: 0 }, { index: 1 }], next: 1 })
    expect(rest).toMatchObject({ items: [{ index: 2, name: 'item 2', status: 'queued' }], next: null })
  })
})

describe('the parallel limit', () => {
  test('holds over all claims of all runners, and lets the next go when one has ended', async () => {
    const fixture = await createFixture()
    const [one, two] = [await createTestRunner(fixture), await createTestRunner(fixture)]
    await add(fixture, await openBatch(fixture, { parallel: 3 }), items(10))
    const claimed = [...(await one.claim(2)), ...(await two.claim(4))]
    const more = await one.claim(4)
    await runOne(one, claimed[0] as Claim)
    const next = await two.claim(4)

    expect([claimed.length, more.length, next.length]).toEqual([3, 0, 1])
  })

  test('is shared by batches of one lane, and the last of them says what it is', async () => {
    const fixture = await createFixture()
    const runner = await createTestRunner(fixture)
    await add(fixture, await openBatch(fixture, { parallel: 1 }), items(3))
    await add(fixture, await openBatch(fixture, { parallel: 2 }), [item(0, ['other']), item(1, ['another'])])

    expect(await runner.claim(10)).toHaveLength(2)
  })

  test('of one lane holds up no other, nor what is in none', async () => {
    const fixture = await createFixture()
    const runner = await createTestRunner(fixture)
    await add(fixture, await openBatch(fixture, { parallel: 1 }), items(5))
    await add(fixture, await openBatch(fixture, { parallel: 1, lane: 'other' }), [item(0, ['other'])])
    await submit(fixture)
    const claims = await runner.claim(10)

    expect(claims.map(({ spec }) => spec.args)).toEqual([[], ['0'], ['other']])
    expect(await runner.claim(10)).toEqual([])
  })

  test('lets what is behind a full lane go in the same claim', async () => {
    const fixture = await createFixture()
    const runner = await createTestRunner(fixture)
    await add(fixture, await openBatch(fixture, { parallel: 1 }), items(5))
    await add(fixture, await openBatch(fixture, { lane: 'other' }), [item(0, ['other'])])
    const claims = await runner.claim(2)

    expect(claims.map(({ spec }) => spec.args)).toEqual([['0'], ['other']])
  })

  test('wakes runners that wait when one of the lane ends', async () => {
    const fixture = await createFixture()
    const [one, two] = [await createTestRunner(fixture), await createTestRunner(fixture)]
    await add(fixture, await openBatch(fixture, { parallel: 1 }), items(2))
    const [claim] = await one.claim()
    const waiting = fixture.send('POST', '/v1/runner/claims', {
      runnerId: two.runnerId,
      claimId: 'b2f5a1d0-0000-4000-8000-000000000000',
      max: 1,
      waitMs: 9_000,
    })
    await runOne(one, claim as Claim)

    expect((await readJson<{ claims: Claim[] }>(await waiting)).claims).toHaveLength(1)
  }, 5_000)
})

test('an item that is tried again makes room meanwhile, and ends no batch that fails fast', async () => {
  const fixture = await createFixture()
  const runner = await createTestRunner(fixture)
  const id = await openBatch(fixture, { parallel: 1, failFast: true })
  const [first, second] = await add(fixture, id, items(2), createSpec({ retries: { exit: 1 } }))
  const [claim] = await runner.claim()
  await runOne(runner, claim as Claim, FAILURE)

  const next = await runner.claim(2)

  expect(next.map(({ executionId }) => executionId)).toEqual([second?.executionId])
  expect(await getExecution(fixture, first?.executionId ?? '')).toMatchObject({
    status: 'queued',
    attempt: 1,
  })
  expect((await getBatch(fixture, id)).cancelRequested).toBe(false)
})

describe('an item that ran before', () => {
  const rerun = async (fixture: Fixture, some: readonly object[], spec: Partial<BatchSpec> = {}) =>
    (await add(fixture, await openBatch(fixture, spec), some)).map(({ outcome }) => outcome)

  test('is reused when it completed, and not when it failed or anything of it is another', async () => {
    const fixture = await createFixture()
    const runner = await createTestRunner(fixture)
    const [first] = await add(fixture, await openBatch(fixture), [item(0, ['a'])])
    await runAll(runner)
    await add(fixture, await openBatch(fixture), [item(0, ['b'])])
    await runAll(runner, FAILURE)
    const again = await add(fixture, await openBatch(fixture), [
      item(0, ['a']),
      item(1, ['b']),
      item(2, ['a'], { env: { X: '1' } }),
      item(3, ['a'], { files: [inlineFile('data', '1')] }),
      item(4, ['a'], { repeat: 1 }),
    ])
    const other = await rerun(fixture, [item(0, ['a'])], {})
    const spec = createSpec({ files: [inlineFile('hello.py', 'print("changed")\n')] })
    const changed = await add(fixture, await openBatch(fixture), [item(0, ['a'])], spec)

    expect(again.map(({ outcome }) => outcome)).toEqual(['reused', 'new', 'new', 'new', 'new'])
    expect(again[0]?.executionId).toBe(first?.executionId)
    expect([other, changed[0]?.outcome]).toEqual([['reused'], 'new'])
  })

  test('is the same whatever it is labelled and however long it may take', async () => {
    const fixture = await createFixture()
    await add(fixture, await openBatch(fixture), [item(0, ['a'])], createSpec({ labels: { a: '1' } }))
    await runAll(await createTestRunner(fixture))
    const again = await add(fixture, await openBatch(fixture), [item(0, ['a'])], createSpec({ timeoutMs: 5 }))

    expect(again[0]?.outcome).toBe('reused')
  })

  test('runs anew when all are wanted anew, and stays as it is when only what is missing is wanted', async () => {
    const fixture = await createFixture()
    const runner = await createTestRunner(fixture)
    await add(fixture, await openBatch(fixture), [item(0, ['good'])])
    await runAll(runner)
    await add(fixture, await openBatch(fixture), [item(0, ['bad'])])
    await runAll(runner, FAILURE)
    const both = () => [item(0, ['good']), item(1, ['bad'])]

    expect(await rerun(fixture, both(), { rerun: 'missing' })).toEqual(['reused', 'reused'])
    expect(await rerun(fixture, both(), { rerun: 'all' })).toEqual(['new', 'new'])
    await runAll(runner, FAILURE)
    expect(await rerun(fixture, both(), { rerun: 'failed' })).toEqual(['reused', 'new'])
  })

  test('runs anew when one of its files is gone from the disk', async () => {
    const fixture = await createFixture()
    const runner = await createTestRunner(fixture)
    const digest = sha256('an output')
    await fixture.send('PUT', `/v1/blobs/${digest}`, Buffer.from('an output'))
    await add(fixture, await openBatch(fixture), [item(0, ['a'])])
    await runAll(runner, { outputs: [{ path: 'out', sha256: digest, size: 9 }] })
    const before = await rerun(fixture, [item(0, ['a'])])
    await rm(join(fixture.directory, 'blobs', digest.slice(0, 2), digest.slice(2, 4), digest))

    expect([before, await rerun(fixture, [item(0, ['a'])])]).toEqual([['reused'], ['new']])
  })

  test('runs anew when one of its outputs was deleted', async () => {
    const fixture = await createFixture()
    const runner = await createTestRunner(fixture)
    const [added] = await add(fixture, await openBatch(fixture), [item(0, ['a'])])
    await runAll(runner, { outputs: [inlineFile('out', 'x'), inlineFile('same', 'x')] })
    const before = await rerun(fixture, [item(0, ['a'])])
    await fixture.send('DELETE', `/v1/executions/${added?.executionId ?? ''}/artifacts/out`)

    expect([before, await rerun(fixture, [item(0, ['a'])])]).toEqual([['reused'], ['new']])
  })

  test('is joined while it waits or runs, and ends in both batches', async () => {
    const fixture = await createFixture()
    const runner = await createTestRunner(fixture)
    const [one, two] = [await openBatch(fixture), await openBatch(fixture)]
    await add(fixture, one, items(2))
    const [claim] = await runner.claim()
    const joined = await add(fixture, two, items(2))
    await runOne(runner, claim as Claim)
    await runAll(runner)
    for (const id of [one, two]) await fixture.send('POST', `/v1/batches/${id}/seal`)

    expect(joined.map(({ outcome }) => outcome)).toEqual(['joined', 'joined'])
    const batches = [await getBatch(fixture, one), await getBatch(fixture, two)]
    expect(batches.map(({ status, costMicrons }) => [status, costMicrons])).toEqual([
      ['finished', 2_000],
      ['finished', 0],
    ])
  })

  test('runs beside the one that waits when all are wanted anew', async () => {
    const fixture = await createFixture()
    await add(fixture, await openBatch(fixture), [item(0, ['a'])])

    expect(await rerun(fixture, [item(0, ['a'])], { rerun: 'all' })).toEqual(['new'])
  })

  test('is not joined when its end was asked for', async () => {
    const fixture = await createFixture()
    const runner = await createTestRunner(fixture)
    const [first] = await add(fixture, await openBatch(fixture), [item(0, ['a'])])
    const [claim] = await runner.claim()
    await runner.report(claim as Claim, 'started')
    await fixture.send('POST', `/v1/executions/${first?.executionId}/cancel`)

    expect(await rerun(fixture, [item(0, ['a'])])).toEqual(['new'])
  })

  test('stands with its success, also where the same failed later', async () => {
    const fixture = await createFixture()
    const runner = await createTestRunner(fixture)
    const [good] = await add(fixture, await openBatch(fixture), [item(0, ['a'])])
    await runAll(runner)
    await add(fixture, await openBatch(fixture, { rerun: 'all' }), [item(0, ['a'])])
    await runAll(runner, FAILURE)
    const [again] = await add(fixture, await openBatch(fixture, { rerun: 'missing' }), [item(0, ['a'])])

    expect(again).toMatchObject({ outcome: 'reused', executionId: good?.executionId })
  })

  test('of another project is not known', async () => {
    const fixture = await createFixture()
    const runner = await createTestRunner(fixture)
    await add(fixture, await openBatch(fixture), [item(0, ['a'])])
    await runAll(runner)
    const key = grantKey(fixture.server, ['submit', 'read'], 'other')
    const id = createBatchId()
    await fixture.send('PUT', `/v1/batches/${id}`, { lane: 'lane' }, { key })
    const body = { spec: createSpec(), items: [item(0, ['a'])] }
    const answer = await fixture.send('POST', `/v1/batches/${id}/items`, body, { key })

    expect((await readJson<{ items: Added[] }>(answer)).items[0]?.outcome).toBe('new')
  })
})

describe('the events of a batch', () => {
  const collect = async (events: AsyncIterable<BatchEvent>): Promise<BatchEvent[]> => {
    const all: BatchEvent[] = []
    for await (const event of events) all.push(event)
    return all
  }

  test('tell of each item once, in the order of the ends, and then of the end', async () => {
    const fixture = await createFixture()
    const runner = await createTestRunner(fixture)
    const id = await openBatch(fixture)
    const added = await add(fixture, id, items(3))
    await fixture.send('POST', `/v1/batches/${id}/seal`)
    const following = collect(followBatch(openApi(fixture), id))
    const claims = await runner.claim(3)
    for (const claim of claims.reverse()) await runOne(runner, claim, claim === claims[0] ? FAILURE : {})
    const events = await following
    const ends = events.flatMap((event) => (event.type === 'item' ? [event] : []))

    expect(ends.map(({ seq, item: { index } }) => [seq, index])).toEqual([
      [1, 2],
      [2, 1],
      [3, 0],
    ])
    expect(ends[0]?.item).toMatchObject({
      name: 'item 2',
      outcome: 'new',
      execution: { id: added[2]?.executionId, status: 'failed', exitCode: 1 },
    })
    expect(events.at(-1)).toMatchObject({ type: 'end', batch: { counts: { completed: 2, failed: 1 } } })
    expect(events.some(({ type }) => type === 'progress')).toBe(true)
  })

  test('tell of items that are reused, and again of one that was run again', async () => {
    const fixture = await createFixture()
    const runner = await createTestRunner(fixture)
    await add(fixture, await openBatch(fixture), [item(0, ['good'])])
    await runAll(runner)
    const id = await openBatch(fixture)
    await add(fixture, id, [item(0, ['good']), item(1, ['bad'])])
    await fixture.send('POST', `/v1/batches/${id}/seal`)
    await runAll(runner, FAILURE)
    const before = await collect(followBatch(openApi(fixture), id))
    await fixture.send('POST', `/v1/batches/${id}/retry`)
    await runAll(runner)
    // Who has seen the failure hears of the success.
    const after = await collect(followBatch(openApi(fixture), id, { after: 2 }))
    const ends = [...before, ...after].flatMap((event) => (event.type === 'item' ? [event] : []))

    expect(ends.map(({ seq, item: { index, execution } }) => [seq, index, execution.status])).toEqual([
      [1, 0, 'completed'],
      [2, 1, 'failed'],
      [3, 1, 'completed'],
    ])
  })

  test('go on behind the last that is known', async () => {
    const fixture = await createFixture()
    const id = await openBatch(fixture)
    await add(fixture, id, items(3))
    await fixture.send('POST', `/v1/batches/${id}/seal`)
    await runAll(await createTestRunner(fixture))
    const events = await collect(followBatch(openApi(fixture), id, { after: 2 }))

    expect(events.flatMap((event) => (event.type === 'item' ? [event.seq] : []))).toEqual([3])
  })

  test('of a batch without items are its end', async () => {
    const fixture = await createFixture()
    const id = await openBatch(fixture)
    await fixture.send('POST', `/v1/batches/${id}/seal`)
    const events = await collect(followBatch(openApi(fixture), id))

    expect(events.at(-1)).toMatchObject({ type: 'end', batch: { status: 'finished', counts: { total: 0 } } })
  })
})

describe('a batch that is retried', () => {
  const retry = async ({ send }: Fixture, id: string) =>
    readJson<{ retried: number }>(await send('POST', `/v1/batches/${id}/retry`))

  test('runs what has failed again, and nothing else, and is over with that', async () => {
    const fixture = await createFixture()
    const runner = await createTestRunner(fixture)
    const id = await openBatch(fixture)
    const added = await add(fixture, id, items(3))
    await fixture.send('POST', `/v1/batches/${id}/seal`)
    const [good, ...bad] = await runner.claim(3)
    await runOne(runner, good as Claim)
    for (const claim of bad) await runOne(runner, claim, FAILURE)
    const answers = [await retry(fixture, id), await retry(fixture, id)]
    const between = await getBatch(fixture, id)
    await runAll(runner)
    const over = await getBatch(fixture, id)
    const again = await retry(fixture, id)
    const page = await readJson<{ items: { executionId: string }[] }>(
      await fixture.send('GET', `/v1/batches/${id}/items`),
    )
    const [, second] = page.items
    const record = await getExecution(fixture, second?.executionId ?? '')

    expect(answers).toEqual([{ retried: 2 }, { retried: 0 }])
    expect(between).toMatchObject({ status: 'running', counts: { completed: 1, queued: 2, failed: 0 } })
    expect(over).toMatchObject({ status: 'finished', counts: { completed: 3, total: 3 } })
    expect(again).toEqual({ retried: 0 })
    expect(record.retryOf).toBe(added[1]?.executionId)
  })

  test('goes on after it was cancelled, within the limit of its lane', async () => {
    const fixture = await createFixture()
    const runner = await createTestRunner(fixture)
    const id = await openBatch(fixture, { parallel: 2 })
    await add(fixture, id, items(4))
    await fixture.send('POST', `/v1/batches/${id}/cancel`)
    const answer = await retry(fixture, id)

    expect(answer).toEqual({ retried: 4 })
    expect(await runner.claim(4)).toHaveLength(2)
    expect((await getBatch(fixture, id)).cancelRequested).toBe(false)
  })

  test('is found again by its fingerprint when the same is asked for later', async () => {
    const fixture = await createFixture()
    const runner = await createTestRunner(fixture)
    const id = await openBatch(fixture)
    await add(fixture, id, [item(0, ['a'])])
    await runAll(runner, FAILURE)
    await retry(fixture, id)
    await runAll(runner)
    const [later] = await add(fixture, await openBatch(fixture), [item(0, ['a'])])

    expect(later?.outcome).toBe('reused')
  })
})

test('items wait behind single executions, unless the batch says otherwise', async () => {
  const fixture = await createFixture()
  const runner = await createTestRunner(fixture)
  await add(fixture, await openBatch(fixture), [item(0, ['plain'])])
  await add(fixture, await openBatch(fixture), [item(0, ['urgent'])], createSpec({ priority: 5 }))
  await submit(fixture, createSpec({ args: ['single'] }))
  const claims = await runner.claim(3)

  expect(claims.map(({ spec }) => spec.args[0])).toEqual(['urgent', 'single', 'plain'])
})

describe('a batch that is cancelled', () => {
  test('ends what waits at once, asks for the end of what runs, and takes no more', async () => {
    const fixture = await createFixture()
    const runner = await createTestRunner(fixture)
    const id = await openBatch(fixture)
    await add(fixture, id, items(3))
    const [claim] = await runner.claim()
    await runner.report(claim as Claim, 'started')
    const answer = await readJson<BatchRecord>(await fixture.send('POST', `/v1/batches/${id}/cancel`))
    const asked = await getExecution(fixture, claim?.executionId ?? '')
    const refused = await readJson(await addTo(fixture, id, [item(9)]))
    await runner.report(claim as Claim, 'complete', { ...SUCCESS, cause: 'cancelled', exitCode: null })

    expect(answer).toMatchObject({
      status: 'running',
      cancelRequested: true,
      counts: { failed: 2, running: 1 },
    })
    expect([asked.cancelRequested, refused['code']]).toEqual([true, 'already_finished'])
    expect(await getBatch(fixture, id)).toMatchObject({ status: 'finished', counts: { failed: 3 } })
  })

  test('by its first failure, where it is to end with that', async () => {
    const fixture = await createFixture()
    const runner = await createTestRunner(fixture)
    const id = await openBatch(fixture, { failFast: true })
    await add(fixture, id, items(5))
    const [good] = await runner.claim()
    await runOne(runner, good as Claim)
    const between = await getBatch(fixture, id)
    const [bad] = await runner.claim()
    await runOne(runner, bad as Claim, FAILURE)

    expect(between.counts).toMatchObject({ completed: 1, queued: 4 })
    expect(await getBatch(fixture, id)).toMatchObject({ counts: { completed: 1, failed: 4, queued: 0 } })
  })
})
