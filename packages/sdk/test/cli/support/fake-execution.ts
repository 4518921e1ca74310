import type { Status } from '@rgrid/protocol'
import type { UploadProgress } from '../../../src/execution/upload-board.js'
import type { Artifact, Execution, LogPiece, Result, StatusListener } from '../../../src/types.js'

export const ID = 'exec_019a0000000070008000000000000001'

/** A piece of output as the SDK gives it. */
export function createPiece(stream: 'stdout' | 'stderr', data: string | Uint8Array, gapBytes = 0): LogPiece {
  const bytes = typeof data === 'string' ? Buffer.from(data) : data
  return { stream, attempt: 1, bytes, text: Buffer.from(bytes).toString(), at: new Date(0), gapBytes }
}

/** What a server knows of an execution, as far as it is shown. */
export const createRecord = (changes: Partial<Result['record']> = {}): Result['record'] =>
  ({
    runtime: 'python',
    executor: 'docker',
    image: null,
    resources: {},
    network: null,
    isolation: 'execution',
    cache: null,
    phases: null,
    ...changes,
  }) as Result['record']

/** A result of a script that ended well, except for what a test changes. */
export function createResult(changes: Partial<Result> = {}): Result {
  const result: Partial<Result> = {
    id: ID,
    status: 'completed',
    cause: 'exit',
    ok: changes.status === undefined || changes.status === 'completed',
    exitCode: 0,
    signal: null,
    message: null,
    artifacts: [],
    skipped: [],
    notes: [],
    cached: false,
    cache: null,
    usage: { wallMs: 1_200, cpuSeconds: 1, peakMemoryBytes: 1 },
    timings: { queuedMs: 1, preparingMs: 1, runningMs: 1_200, finishingMs: 1, totalMs: 1_203 },
    costMicrons: 0,
    record: createRecord(),
    download: async () => [],
    ...changes,
  }
  return result as Result
}

/** A file that a result names. */
export const createArtifact = (path: string): Artifact =>
  ({ path, size: 3, sha256: 'a'.repeat(64), kind: 'output', executable: false }) as Artifact

/** What a fake execution does. */
export interface Script {
  readonly statuses?: readonly Status[]
  readonly uploads?: readonly UploadProgress[]
  readonly pieces?: readonly LogPiece[]
  readonly result?: Partial<Result>
  /** The execution fails to be one, such as for a server out of reach. */
  readonly error?: Error
  /** Ends only when it is cancelled. */
  readonly endless?: boolean
}

/** An execution that plays a script, and counts the cancels. */
export function createFakeExecution({
  statuses = [],
  uploads = [],
  pieces = [],
  result,
  error,
  endless,
}: Script = {}) {
  const cancels: number[] = []
  let end = (): void => {}
  const over = endless === true ? new Promise<void>((resolve) => (end = resolve)) : Promise.resolve()
  const outcome = over.then((): Result => {
    if (error !== undefined) throw error
    return createResult(
      cancels.length > 0 ? { status: 'cancelled', cause: 'cancelled', exitCode: null } : result,
    )
  })
  outcome.catch(() => {})
  async function* logs(): AsyncGenerator<LogPiece> {
    yield* pieces
    await outcome
  }
  const accepted = error === undefined ? Promise.resolve() : Promise.reject(error)
  accepted.catch(() => {})
  const execution: Execution = Object.assign(outcome, {
    id: ID,
    logs,
    accepted,
    async cancel() {
      cancels.push(1)
      end()
    },
    status: async () => createResult().record,
    onStatus(listener: StatusListener) {
      for (const status of statuses) listener(status, null, 1)
      return () => {}
    },
    onUpload(listener: (progress: UploadProgress) => void) {
      for (const progress of uploads) listener(progress)
      return () => {}
    },
    [Symbol.asyncIterator]: logs,
    [Symbol.asyncDispose]: async () => {},
  })
  return { execution, cancels }
}
