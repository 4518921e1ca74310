import {
  claimsSchema,
  registeredSchema,
  type Claim,
  type Environments,
  type Offer,
  type Registered,
} from '@rgrid/protocol'
import { RETRY_LONG, type Api } from '@rgrid/protocol/client'
import { randomUUID } from 'node:crypto'
import { isDeepStrictEqual } from 'node:util'
import { createTurns } from './dependencies/turns.js'
import { createEnvironmentLister } from './environment-lister.js'
import type { Executor } from './executors/executor.js'
import type { Logger } from './logger.js'

/** Who calls the server. */
export interface RunnerCallsOptions {
  readonly api: Api
  readonly id: string
  readonly name: string
  readonly slots: number
  readonly micronsPerHour: number
  /** In order of preference. */
  readonly executors: readonly Executor[]
  readonly logger: Logger
  /** Aborts when the runner claims no more. */
  readonly signal: AbortSignal
}

/** How many executions a runner asks for, and how. */
export interface ClaimCall {
  readonly max: number
  readonly waitMs: number
  /** Why it takes none. */
  readonly holdsBack: string | undefined
}

/** What a runner says to the server beside its attempts. */
export interface RunnerCalls {
  /** Says what the runner offers, and what scripts run in there, again and again until the server answers. */
  register(): Promise<Registered>
  /** Says it again if scripts run in something else than was said the last time. */
  registerChanges(): Promise<void>
  /** Asks for executions, and waits a while for some to come up. */
  claim(call: ClaimCall): Promise<Claim[]>
}

/** Makes {@link RunnerCalls}. */
export function createRunnerCalls(options: RunnerCallsOptions): RunnerCalls {
  const { api, id, executors, signal, logger, ...said } = options
  const listEnvironments = createEnvironmentLister(executors, logger)
  // The server keeps what arrives last.
  const turns = createTurns(1)
  let told: readonly Environments[] | undefined

  const register = async (listing: Promise<Environments[]>): Promise<Registered> => {
    const [offers, environments] = await Promise.all([describeAll(executors), listing])
    const json = { ...said, runnerId: id, offers, environments }
    const call = { method: 'POST', path: '/v1/runner/register', json } as const
    const registered = await api.call(registeredSchema, call, { signal, retry: RETRY_LONG })
    told = environments
    return registered
  }
  const registerChanges = async (): Promise<void> => {
    const environments = await listEnvironments()
    if (!isDeepStrictEqual(environments, told)) await register(Promise.resolve(environments))
  }

  return {
    register: () => turns.take(signal, () => register(listEnvironments())),
    registerChanges: () => turns.take(signal, registerChanges),
    async claim(asked) {
      const pool = executors.map((executor) => executor.getPoolStats()).find((stats) => stats !== undefined)
      // A repeated claim carries the same id, so an answer that got lost on its way is given again.
      const json = { ...asked, runnerId: id, claimId: randomUUID(), pool }
      const call = { method: 'POST', path: '/v1/runner/claims', json } as const
      return (await api.call(claimsSchema, call, { signal })).claims
    },
  }
}

/** The offers of executors: first all that is there at once, in order of preference, then what takes a preparation. */
async function describeAll(executors: readonly Executor[]): Promise<Offer[]> {
  const described = await Promise.all(executors.map((executor) => executor.describe()))
  const offers = [...described.map(([now]) => now), ...described.flatMap(([, ...later]) => later)]
  // One that offers nothing still says what its executor can do.
  return offers.filter(({ runtimes, images }) => runtimes.length > 0 || images.length > 0)
}
