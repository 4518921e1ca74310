import { createExecutionId, createRunnerId, specSchema } from '@rgrid/protocol'
import { randomUUID } from 'node:crypto'
import { join } from 'node:path'
import { setImmediate as immediately } from 'node:timers/promises'
import { onTestFinished } from 'vitest'
import type { Context } from '../../../src/context.js'
import { createDiskBlobs, createSqliteStore, type Store } from '../../../src/index.js'
import { putBlob } from '../../../src/services/blobs.js'
import { collectGarbage } from '../../../src/services/retention/collect-garbage.js'
import { createOffer, createSpec, createTempDir, sha256 } from '../../server-fixture.js'
import { createTestContext } from '../../test-context.js'

/** A day in milliseconds. */
export const DAY_MS = 24 * 3_600_000

const POOL = 'default'

/** A store and blobs whose time a test lets pass. */
export interface World {
  readonly context: Context
  readonly store: Store
  readonly directory: string
  /** Lets time pass, in milliseconds. */
  pass(ms: number): void
  /** One round of collecting, however lately the last one was. */
  collect(): Promise<void>
  /** Uploads a blob and returns its digest. */
  upload(text: string, project?: string): Promise<string>
  /** Runs an execution to its end. */
  finish(what?: Work): Promise<string>
}

/** What an execution has. */
export interface Work {
  readonly project?: string
  readonly inputs?: readonly string[]
  readonly outputs?: Readonly<Record<string, string>>
  readonly log?: string
}

/** The reference to a file of a text. */
export const fileRef = (path: string, text: string) => ({
  path,
  sha256: sha256(text),
  size: Buffer.byteLength(text),
  executable: false,
})

/** An execution that waits for a runner, as the store takes it. Its inputs are texts that were uploaded. */
export function createSubmission(project: string, inputs: readonly string[]) {
  const { files: _files, ...spec } = specSchema.parse(createSpec())
  const files = inputs.map((text, index) => fileRef(`in/${index}`, text))
  return { id: createExecutionId(), project, pool: POOL, spec, specHash: 'h', files, inline: [] }
}

/** Makes a {@link World}, which goes when the test ends. */
export async function createWorld(over: Partial<Context> = {}): Promise<World> {
  // The files of blobs have the time of this machine.
  let time = Date.now()
  const now = (): number => time
  const directory = join(await createTempDir(), 'blobs')
  const store = createSqliteStore({ path: join(directory, '../store.db'), now })
  onTestFinished(() => store.close())
  const context = createTestContext({ store, blobs: createDiskBlobs({ directory, now }), ...over })

  return {
    context,
    store,
    directory,
    pass: (ms) => void (time += ms),
    collect: () =>
      collectGarbage(context, {
        holder: 'me',
        everyMs: 0,
        signal: new AbortController().signal,
        pause: () => immediately(),
      }),
    async upload(text, project = 'p') {
      await putBlob(context, project, sha256(text), pieces(text))
      return sha256(text)
    },
    async finish({ project = 'p', inputs = [], outputs = {}, log = '' } = {}) {
      const submission = createSubmission(project, inputs)
      await store.executions.submit(submission)
      await completeOne(store, project, { outputs, log })
      return submission.id
    },
  }
}

async function* pieces(text: string): AsyncGenerator<Uint8Array> {
  yield await Promise.resolve(Buffer.from(text))
}

async function completeOne(
  store: Store,
  project: string,
  { outputs, log }: Required<Pick<Work, 'outputs' | 'log'>>,
) {
  const runnerId = createRunnerId()
  const where = { project, pool: POOL }
  const offers = [createOffer()]
  await store.runners.register({
    ...where,
    id: runnerId,
    name: 'r',
    slots: 1,
    micronsPerHour: 0,
    environments: [],
    offers,
  })
  const order = { ...where, runnerId, claimId: randomUUID(), max: 1, leaseMs: 10_000 }
  const [claim] = await store.executions.claim({ ...order, executors: ['process'] })
  if (claim === undefined) throw new Error('there was nothing to claim')
  await store.executions.start(claim)
  const chunk = { seq: 1, stream: 'stdout', at: 0, data: Buffer.from(log), gapBytes: null } as const
  await store.executions.complete(claim, {
    status: 'completed',
    cause: 'exit',
    exitCode: 0,
    signal: null,
    message: null,
    usage: null,
    phases: null,
    environment: null,
    chunks: log === '' ? [] : [chunk],
    outputs: Object.entries(outputs).map(([path, text]) => fileRef(path, text)),
    inline: Object.values(outputs).map((text) => ({ sha256: sha256(text), data: Buffer.from(text) })),
    skipped: [],
    notes: [],
  })
}
