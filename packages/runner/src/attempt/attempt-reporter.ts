import {
  formatAttemptId,
  leaseStateSchema,
  LIMITS,
  okSchema,
  type Adopted,
  type Cause,
  type Claim,
  type Complete,
  type LeaseState,
  type LogChunk,
  type Phases,
  type WireFile,
} from '@rgrid/protocol'
import { RETRY_LONG, type Api } from '@rgrid/protocol/client'
import type { Outputs } from './collect-outputs.js'
import { createLogShipper, type LogShipper } from './log-shipper.js'
import type { ScriptEnd } from './watch-script.js'

/** A runner's right to an attempt. */
export type AttemptRight = Pick<Claim, 'executionId' | 'attempt' | 'leaseToken'>

/** How an attempt ended, and what its script ran in. */
export type Ending = ScriptEnd & Pick<Complete, 'environment'>

/** Tells the server of one attempt. What it says is repeated until it is heard, or the right to the attempt is gone. */
export interface AttemptReporter {
  readonly id: string
  /** The script starts now, unless a cancel was requested. */
  started(): Promise<LeaseState>
  /** Opens the log, behind what the server has of it. */
  openLog(known?: Pick<Adopted, 'lastSeq' | 'storedBytes'>): LogShipper
  /** Some of the files that the script made, ahead of its end. */
  sendOutputs(files: readonly WireFile[]): Promise<void>
  /** The attempt is over, with the last of its log. */
  complete(ending: Ending, chunks?: LogChunk[], outputs?: Outputs, phases?: Phases | null): Promise<void>
}

/** What an attempt has where no script was started. */
export const NOT_STARTED = { exitCode: null, signal: null, usage: null, environment: null } as const

const NO_OUTPUTS: Outputs = { files: [], skipped: [], notes: [] }

/** How an attempt ends for a reason of RGrid's. */
export const toEnding = (cause: Cause, error: unknown): Ending => ({
  ...NOT_STARTED,
  cause,
  message: error instanceof Error ? error.message : String(error),
})

/** Makes an {@link AttemptReporter}. It gives up when `lost` aborts. */
export function createAttemptReporter(
  api: Api,
  { executionId, attempt, leaseToken }: AttemptRight,
  logBytes: number,
  lost: AbortSignal,
): AttemptReporter {
  const id = formatAttemptId(executionId, attempt)
  const options = { signal: lost, retry: RETRY_LONG }
  const post = (verb: string, body: object) =>
    ({ method: 'POST', path: `/v1/runner/attempts/${id}/${verb}`, json: { leaseToken, ...body } }) as const
  const deliver = async (verb: string, body: object): Promise<void> => {
    await api.call(okSchema, post(verb, body), options)
  }
  return {
    id,
    started: () => api.call(leaseStateSchema, post('started', {}), options),
    openLog: (known) =>
      createLogShipper({
        limitBytes: logBytes,
        tailBytes: Math.min(LIMITS.logTailBytes, logBytes),
        send: (chunks) => deliver('logs', { chunks }),
        ...known,
      }),
    sendOutputs: (outputs) => deliver('outputs', { outputs }),
    complete: (ending, chunks = [], { files: outputs, ...rest } = NO_OUTPUTS, phases = null) =>
      deliver('complete', { ...ending, chunks, outputs, ...rest, phases }),
  }
}
