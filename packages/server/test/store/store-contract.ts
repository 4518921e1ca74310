import { createExecutionId, createRunnerId, specSchema, type FileRef, type Offer } from '@rgrid/protocol'
import { randomUUID } from 'node:crypto'
import { describe, expect, onTestFinished, test } from 'vitest'
import type { Completion, Fence, Store, Submission } from '../../src/index.js'
import { createSpec, sha256 } from '../server-fixture.js'

const PROJECT = 'p'
const POOL = 'default'
const OFFERS: Offer[] = [{ executor: 'process', runtimes: ['python'] }]

const fileRef = (path: string, text: string): FileRef => ({
  path,
  sha256: sha256(text),
  size: Buffer.byteLength(text),
  executable: false,
})

const inlineBlob = (text: string) => ({ sha256: sha256(text), data: Buffer.from(text) })

function createSubmission(over: Partial<Submission> = {}): Submission {
  const { files: _files, ...spec } = specSchema.parse(createSpec())
  const parts = { files: [fileRef('hello.py', 'hello')], inline: [inlineBlob('hello')] }
  return { id: createExecutionId(), project: PROJECT, pool: POOL, spec, specHash: 'h', ...parts, ...over }
}

const COMPLETION: Completion = {
  status: 'completed',
  cause: 'exit',
  exitCode: 0,
  signal: null,
  message: null,
  usage: { wallMs: 10, cpuSeconds: null, peakMemoryBytes: null },
  chunks: [],
  outputs: [],
  inline: [],
  skipped: [],
}

const chunk = (seq: number, text: string) =>
  ({ seq, stream: 'stdout', at: seq, data: Buffer.from(text), gapBytes: null }) as const

async function claimNext(store: Store, runnerId = createRunnerId()): Promise<Fence> {
  const runner = { id: runnerId, project: PROJECT, pool: POOL, name: 'r', slots: 1, micronsPerHour: 0 }
  await store.runners.register({ ...runner, offers: OFFERS })
  const [claim] = await store.executions.claim({
    project: PROJECT,
    pool: POOL,
    runnerId,
    claimId: randomUUID(),
    max: 1,
    leaseMs: 10_000,
    executors: ['process'],
  })
  if (claim === undefined) throw new Error('there was nothing to claim')
  const { executionId, attempt, leaseToken } = claim
  return { project: PROJECT, executionId, attempt, leaseToken }
}

/** What every {@link Store} does. Each case makes its own data. */
export function testStore(name: string, open: () => Promise<Store> | Store): void {
  const arrange = async (): Promise<Store> => {
    const store = await open()
    onTestFinished(() => store.close())
    return store
  }

  describe(`the store contract: ${name}`, () => {
    test('what was submitted is found with its files, and only in its project', async () => {
      const store = await arrange()
      const submission = createSubmission()

      expect(await store.executions.submit(submission)).toBe(true)

      const found = await store.executions.find(PROJECT, submission.id)
      expect(found).toMatchObject({ status: 'queued', attempt: 0, spec: submission.spec, lastSeq: 0 })
      expect(await store.executions.glance(PROJECT, submission.id)).toMatchObject({
        status: 'queued',
        pool: POOL,
      })
      expect(await store.executions.listArtifacts(PROJECT, submission.id)).toEqual([
        { ...submission.files[0], kind: 'input' },
      ])
      expect(await store.executions.find('other', submission.id)).toBeUndefined()
      expect(await store.executions.glance('other', submission.id)).toBeUndefined()
      expect(await store.executions.listArtifacts('other', submission.id)).toEqual([])
    })

    test('submitting again finds the first, another spec or project is a conflict', async () => {
      const store = await arrange()
      const submission = createSubmission()
      await store.executions.submit(submission)

      expect(await store.executions.submit(submission)).toBe(false)
      for (const over of [{ specHash: 'other' }, { project: 'other' }])
        await expect(store.executions.submit({ ...submission, ...over })).rejects.toMatchObject({
          code: 'id_conflict',
        })
    })

    test('a submission with an unknown blob stores nothing, not even its inline bytes', async () => {
      const store = await arrange()
      const files = [fileRef('hello.py', 'hello'), fileRef('big', 'big')]
      const submission = createSubmission({ files })

      await expect(store.executions.submit(submission)).rejects.toMatchObject({ missing: [sha256('big')] })

      expect(await store.executions.find(PROJECT, submission.id)).toBeUndefined()
      expect(await store.blobs.listMissing(PROJECT, [sha256('hello')])).toEqual([sha256('hello')])
    })

    test('blobs are known to the project that added them only, and each is asked for once', async () => {
      const store = await arrange()
      await store.blobs.add(PROJECT, sha256('a'), 1)
      await store.blobs.add(PROJECT, sha256('a'), 1)

      const digests = [sha256('b'), sha256('a'), sha256('b')]
      expect(await store.blobs.listMissing(PROJECT, digests)).toEqual([sha256('b')])
      expect(await store.blobs.listMissing('other', digests)).toEqual([sha256('b'), sha256('a')])
      expect(await store.blobs.find(PROJECT, sha256('a'))).toEqual({ size: 1, data: null })
      expect(await store.blobs.find('other', sha256('a'))).toBeUndefined()
    })

    test('inline bytes come back as they were', async () => {
      const store = await arrange()
      await store.executions.submit(createSubmission())

      const blob = await store.blobs.find(PROJECT, sha256('hello'))

      expect(Buffer.from(blob?.data ?? []).toString()).toBe('hello')
    })

    test('an execution is handed out once', async () => {
      const store = await arrange()
      const { id } = createSubmission()
      await store.executions.submit(createSubmission({ id }))

      const fence = await claimNext(store)

      expect(fence).toMatchObject({ executionId: id, attempt: 1 })
      expect(fence.leaseToken).toMatch(/^[0-9a-f]{32}$/)
      await expect(claimNext(store)).rejects.toThrow('nothing to claim')
    })

    test('a finished execution never changes again', async () => {
      const store = await arrange()
      const submission = createSubmission()
      await store.executions.submit(submission)
      const fence = await claimNext(store)
      await store.executions.start(fence)
      expect(await store.executions.complete(fence, COMPLETION)).toBe(true)
      const ended = await store.executions.find(PROJECT, submission.id)

      expect(await store.executions.complete(fence, { ...COMPLETION, status: 'failed', exitCode: 1 })).toBe(
        false,
      )
      await expect(store.logs.append(fence, [chunk(1, 'late')])).rejects.toMatchObject({ code: 'lease_lost' })
      await expect(store.executions.renew(fence, 1, 'running')).rejects.toMatchObject({ code: 'lease_lost' })
      await expect(store.executions.start(fence)).rejects.toMatchObject({ code: 'lease_lost' })
      await expect(store.executions.cancel(PROJECT, submission.id)).rejects.toMatchObject({
        code: 'already_finished',
      })

      expect(await store.executions.find(PROJECT, submission.id)).toEqual(ended)
    })

    test.for([{ project: 'other' }, { attempt: 2 }, { leaseToken: '0'.repeat(32) }])(
      'a fence with another part is refused: %j',
      async (over) => {
        const store = await arrange()
        const submission = createSubmission()
        await store.executions.submit(submission)
        const fence = { ...(await claimNext(store)), ...over }
        const before = await store.executions.find(PROJECT, submission.id)

        const refused = { code: 'lease_lost' }
        await expect(store.executions.start(fence)).rejects.toMatchObject(refused)
        await expect(store.executions.renew(fence, 1, 'finishing')).rejects.toMatchObject(refused)
        await expect(store.logs.append(fence, [chunk(1, 'x')])).rejects.toMatchObject(refused)
        await expect(store.executions.complete(fence, COMPLETION)).rejects.toMatchObject(refused)

        expect(await store.executions.find(PROJECT, submission.id)).toEqual(before)
      },
    )

    test('a completion that is refused leaves no log, no file and no blob', async () => {
      const store = await arrange()
      const submission = createSubmission()
      await store.executions.submit(submission)
      const fence = await claimNext(store)
      await store.executions.start(fence)
      const before = await store.executions.find(PROJECT, submission.id)

      const outputs = [fileRef('known', 'known'), fileRef('unknown', 'unknown')]
      const completion = { ...COMPLETION, chunks: [chunk(1, 'x')], outputs, inline: [inlineBlob('known')] }
      await expect(store.executions.complete(fence, completion)).rejects.toMatchObject({
        code: 'missing_blobs',
      })

      expect(await store.executions.find(PROJECT, submission.id)).toEqual(before)
      expect(await store.executions.listArtifacts(PROJECT, submission.id, 'output')).toEqual([])
      expect(await store.logs.read(PROJECT, submission.id, { attempt: 0, seq: 0 }, 100)).toEqual([])
      expect(await store.blobs.listMissing(PROJECT, [sha256('known')])).toEqual([sha256('known')])
    })

    test('log chunks are read forwards and backwards, in pieces of at least one', async () => {
      const store = await arrange()
      const { id } = createSubmission()
      await store.executions.submit(createSubmission({ id }))
      const fence = await claimNext(store)
      await store.logs.append(fence, [chunk(1, 'aaaa'), chunk(2, 'bb'), chunk(3, 'cc')])
      const seqs = (chunks: { seq: number }[]) => chunks.map(({ seq }) => seq)

      expect(seqs(await store.logs.read(PROJECT, id, { attempt: 0, seq: 0 }, 1))).toEqual([1])
      expect(seqs(await store.logs.read(PROJECT, id, { attempt: 0, seq: 0 }, 6))).toEqual([1, 2])
      expect(seqs(await store.logs.read(PROJECT, id, { attempt: 1, seq: 1 }, 100))).toEqual([2, 3])
      expect(seqs(await store.logs.readBack(PROJECT, id, { attempt: 1, seq: 3 }, 2))).toEqual([2])
      expect(seqs(await store.logs.readBack(PROJECT, id, { attempt: 2, seq: 0 }, 100))).toEqual([3, 2, 1])
      expect(await store.logs.read('other', id, { attempt: 0, seq: 0 }, 100)).toEqual([])
    })

    test('the first keys are stored once and found by their id', async () => {
      const store = await arrange()
      const key = { id: 'a', project: PROJECT, scopes: ['read'], secretHash: Buffer.alloc(32, 7) } as const

      expect(await store.keys.find('a')).toBeUndefined()
      expect(await store.keys.addFirst([key])).toBe(true)
      expect(await store.keys.addFirst([{ ...key, id: 'b' }])).toBe(false)
      expect(await store.keys.find('a')).toEqual(key)
      expect(await store.keys.find('b')).toBeUndefined()
    })

    test('offers are those of the pool', async () => {
      const store = await arrange()
      await store.executions.submit(createSubmission())
      await claimNext(store)

      expect(await store.runners.listOffers(PROJECT, POOL, 1_000)).toEqual([OFFERS])
      expect(await store.runners.listOffers(PROJECT, 'other', 1_000)).toEqual([])
      expect(await store.runners.listOffers('other', POOL, 1_000)).toEqual([])
    })

    test('closing twice is fine', async () => {
      const store = await open()
      await store.keys.find('a')

      await store.close()
      await store.close()
    })
  })
}
