import {
  createExecutionId,
  createRunnerId,
  specSchema,
  type FileRef,
  type Offer,
  type Phases,
  type SpecInput,
} from '@rgrid/protocol'
import { randomUUID } from 'node:crypto'
import { describe, expect, onTestFinished, test } from 'vitest'
import type { ClaimOrder, Completion, Fence, Store, StoredClaim, Submission } from '../../src/index.js'
import { fitsOffer } from '../../src/store/fits-offer.js'
import { toNeeds } from '../../src/store/needs.js'
import { createDockerOffer, createOffer, createSpec, sha256 } from '../server-fixture.js'

const PROJECT = 'p'
const POOL = 'default'
const OFFERS = [createOffer()]
const HEIR = { runnerId: createRunnerId(), nextLeaseToken: 'f'.repeat(32) }

const fileRef = (path: string, text: string): FileRef => ({
  path,
  sha256: sha256(text),
  size: Buffer.byteLength(text),
  executable: false,
})

const inlineBlob = (text: string) => ({ sha256: sha256(text), data: Buffer.from(text) })

function createSpecFor(over: Partial<SpecInput>): Submission['spec'] {
  const { files: _files, ...spec } = specSchema.parse(createSpec(over))
  return spec
}

function createSubmission(over: Partial<Submission> = {}): Submission {
  const spec = createSpecFor({})
  const parts = { files: [fileRef('hello.py', 'hello')], inline: [inlineBlob('hello')] }
  return { id: createExecutionId(), project: PROJECT, pool: POOL, spec, specHash: 'h', ...parts, ...over }
}

const PHASES: Phases = {
  container: 'warm',
  dependenciesMs: 0,
  placeMs: 1,
  inputsMs: 2,
  launchMs: 3,
  firstOutputMs: null,
  scriptMs: 10,
  outputsMs: 4,
}

const COMPLETION: Completion = {
  status: 'completed',
  cause: 'exit',
  exitCode: 0,
  signal: null,
  message: null,
  usage: { wallMs: 10, cpuSeconds: null, peakMemoryBytes: null },
  phases: PHASES,
  environment: null,
  chunks: [],
  outputs: [],
  inline: [],
  skipped: [],
  notes: [],
}

const chunk = (seq: number, text: string) =>
  ({ seq, stream: 'stdout', at: seq, data: Buffer.from(text), gapBytes: null }) as const

async function claimAll(
  store: Store,
  { runnerId = createRunnerId(), offers = OFFERS, ...over }: Partial<ClaimOrder> & { offers?: Offer[] } = {},
): Promise<StoredClaim[]> {
  const order = { project: PROJECT, pool: POOL, max: 1, leaseMs: 10_000, ...over }
  const { project, pool } = order
  await store.runners.register({
    id: runnerId,
    project,
    pool,
    name: 'r',
    slots: 1,
    micronsPerHour: 0,
    environments: [],
    offers,
  })
  return store.executions.claim({
    executors: ['docker', 'process'],
    ...order,
    runnerId,
    claimId: randomUUID(),
  })
}

async function claimNext(store: Store): Promise<Fence> {
  const [claim] = await claimAll(store)
  if (claim === undefined) throw new Error('there was nothing to claim')
  const { executionId, attempt, leaseToken } = claim
  return { project: PROJECT, executionId, attempt, leaseToken }
}

const WANTED: Partial<SpecInput>[] = [
  {},
  { runtime: 'bash' },
  { executor: 'docker' },
  { executor: 'process' },
  { network: 'none' },
  { network: 'bridge' },
  ...['a', 'python:3.12', 'ghcr.io/me/tool:1', 'ghcr.io/other/tool', 'x-a-b'].map((image) => ({ image })),
  { image: 'python:3.12', runtime: 'bash' },
  { image: 'python:3.12', executor: 'process' },
  { resources: { cpus: 0.5 } },
  { resources: { cpus: 2.5 } },
  { resources: { memoryMib: 4096 } },
  { resources: { memoryMib: 4097 } },
  { resources: { pids: 256 } },
  { resources: { pids: 257 } },
  { resources: { diskMib: 10_240 } },
  { resources: { diskMib: 10_241 } },
  { resources: { cpus: 1, memoryMib: 64, pids: 8, diskMib: 1 }, network: 'none', image: 'python:3' },
  { resources: { cpus: 1, memoryMib: 5000 } },
]

const OFFERED = [
  createOffer(),
  createOffer({ networks: ['none', 'bridge'], images: ['*'] }),
  createDockerOffer(),
  createDockerOffer({ runtimes: [] }),
  createDockerOffer({ images: [], networks: ['none'] }),
  createDockerOffer({ images: ['*'], networks: [] }),
  createDockerOffer({ images: ['ghcr.io/me/*', 'x*-*b', 'python'] }),
  createDockerOffer({ images: ['[a-z]', '?', '*/?her/*'] }),
  createDockerOffer({ images: ['**a'] }),
]

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
      await store.blobs.add(PROJECT, sha256('a'), 1, () => Promise.resolve(true))
      await store.blobs.add(PROJECT, sha256('a'), 1, () => Promise.resolve(true))

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

      expect(fence).toMatchObject({ executionId: id, attempt: 1, project: PROJECT })
      expect(fence.leaseToken).toMatch(/^[0-9a-f]{32}$/)
      await expect(claimNext(store)).rejects.toThrow('nothing to claim')
    })

    test('a finished execution never changes again', async () => {
      const store = await arrange()
      const submission = createSubmission()
      await store.executions.submit(submission)
      const fence = await claimNext(store)
      await store.executions.start(fence)
      const completed = { isNew: true, lane: null, retryInMs: null }
      expect(await store.executions.complete(fence, COMPLETION)).toEqual(completed)
      const ended = await store.executions.find(PROJECT, submission.id)

      const other = { ...COMPLETION, status: 'failed', exitCode: 1 } as const
      expect(await store.executions.complete(fence, other)).toEqual({ ...completed, isNew: false })
      await expect(store.logs.append(fence, [chunk(1, 'late')])).rejects.toMatchObject({ code: 'lease_lost' })
      await expect(store.executions.renew(fence, 1, { phase: 'running' })).rejects.toMatchObject({
        code: 'lease_lost',
      })
      await expect(store.executions.adopt(fence, HEIR, 1)).rejects.toMatchObject({ code: 'lease_lost' })
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
        for (const phase of ['preparing', 'finishing'] as const)
          await expect(store.executions.renew(fence, 1, { phase, message: 'x' })).rejects.toMatchObject(
            refused,
          )
        await expect(store.executions.adopt(fence, HEIR, 1)).rejects.toMatchObject(refused)
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

    test('what fits no offer is passed by, and stays', async () => {
      const store = await arrange()
      const unfit = [
        { runtime: 'bash' },
        { executor: 'docker' },
        { image: 'a' },
        { resources: { cpus: 1 } },
      ] as const
      for (const over of unfit) await store.executions.submit(createSubmission({ spec: createSpecFor(over) }))
      const { id } = createSubmission()
      await store.executions.submit(createSubmission({ id }))

      expect(await claimAll(store)).toMatchObject([{ executionId: id, project: PROJECT }])
      expect(await claimAll(store, { max: 100 })).toEqual([])
      expect(await store.executions.list(PROJECT, { status: 'queued', limit: 100 })).toHaveLength(
        unfit.length,
      )
    })

    test('a claim gets all that one of the offers fits and nothing else, whatever is asked for', async () => {
      const store = await arrange()
      const specs = WANTED.map(createSpecFor)

      for (const [index, offer] of OFFERED.entries()) {
        const pool = `pool-${index}`
        const fits = (spec: Submission['spec']): boolean => fitsOffer(offer, toNeeds(spec))
        // What does not fit comes first: found by mistake, it would take the place of what does.
        const submissions = specs
          .toSorted((a, b) => Number(fits(a)) - Number(fits(b)))
          .map((spec) => createSubmission({ pool, spec }))
        const fitting = submissions.filter(({ spec }) => fits(spec)).map(({ id }) => id)
        for (const submission of submissions) await store.executions.submit(submission)

        const claims = await claimAll(store, { pool, max: fitting.length, offers: [offer] })

        const claimed = claims.map(({ executionId }) => executionId)
        expect(claimed.toSorted(), JSON.stringify(offer)).toEqual(fitting.toSorted())
      }
    })

    test('an executor that the server does not allow is given nothing', async () => {
      const store = await arrange()
      await store.executions.submit(createSubmission())

      expect(await claimAll(store, { executors: ['docker'] })).toEqual([])
      expect(await claimAll(store, { executors: ['process'] })).toHaveLength(1)
    })

    test('what an execution asks for is seen at a glance', async () => {
      const store = await arrange()
      const spec = createSpecFor({
        executor: 'docker',
        image: 'python:3.12',
        network: 'none',
        resources: { cpus: 0.5, memoryMib: 64, pids: 8, diskMib: 100 },
      })
      const submission = createSubmission({ spec })
      await store.executions.submit(submission)

      expect(await store.executions.glance(PROJECT, submission.id)).toMatchObject({ needs: toNeeds(spec) })
    })

    test('what a runner says while it prepares is kept until the script starts', async () => {
      const store = await arrange()
      const { id } = createSubmission()
      await store.executions.submit(createSubmission({ id }))
      const fence = await claimNext(store)
      const say = (message?: string) => store.executions.renew(fence, 1_000, { phase: 'preparing', message })
      const read = async () => [
        (await store.executions.find(PROJECT, id))?.progress,
        (await store.executions.glance(PROJECT, id))?.progress,
      ]

      expect(await read()).toEqual([null, null])
      expect(await say('pulling')).toEqual({ cancelRequested: false, changed: true })
      expect(await say('pulling')).toMatchObject({ changed: false })
      expect(await say()).toMatchObject({ changed: false })
      expect(await read()).toEqual(['pulling', 'pulling'])

      await store.executions.start(fence)
      expect(await read()).toEqual([null, null])
      expect(await say('late')).toMatchObject({ changed: false })
      expect(await read()).toEqual([null, null])
    })

    test('where the time went is kept of what had started, and of nothing else', async () => {
      const store = await arrange()
      const ids = [createSubmission(), createSubmission()]
      for (const submission of ids) await store.executions.submit(submission)
      const started = await claimNext(store)
      const failed = await claimNext(store)
      await store.executions.start(started)

      await store.executions.complete(started, COMPLETION)
      await store.executions.complete(failed, { ...COMPLETION, status: 'failed', cause: 'image_pull' })

      expect(await store.executions.find(PROJECT, started.executionId)).toMatchObject({ phases: PHASES })
      expect(await store.executions.find(PROJECT, failed.executionId)).toMatchObject({ phases: null })
    })

    test('runners are those of the pool that were heard of lately', async () => {
      const store = await arrange()
      const runnerId = createRunnerId()
      await claimAll(store, { runnerId })
      const seen = { id: runnerId, name: 'r', slots: 1, holdsBack: null, offers: OFFERS, poolStats: null }

      expect(await store.runners.list(PROJECT, POOL, 10_000)).toEqual([
        { ...seen, lastSeen: expect.any(Number) as number },
      ])
      expect(await store.runners.list(PROJECT, POOL, -10_000)).toEqual([])
      expect(await store.runners.list(PROJECT, 'other', 10_000)).toEqual([])
      expect(await store.runners.list('other', POOL, 10_000)).toEqual([])
    })

    test('what a runner said of its waiting containers is kept until it registers anew', async () => {
      const store = await arrange()
      const runnerId = createRunnerId()
      const poolStats = { waiting: 2, starting: 1, hits: 5, misses: 1, waitedMs: 12.5 }
      const read = async () =>
        (await store.runners.list(PROJECT, POOL, 10_000)).map((runner) => runner.poolStats)

      await claimAll(store, { runnerId, poolStats })
      expect(await read()).toEqual([poolStats])

      await claimAll(store, { runnerId })
      expect(await read()).toEqual([null])
    })

    test('closing twice is fine', async () => {
      const store = await open()
      await store.keys.find('a')

      await store.close()
      await store.close()
    })
  })
}
