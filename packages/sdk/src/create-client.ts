import {
  createBatchId,
  createExecutionId,
  runnerListSchema,
  runtimeListSchema,
  type RuntimeRecord,
} from '@rgrid/protocol'
import { createBatchCalls, toBatchId } from './batch/batch-calls.js'
import type { BatchOptions } from './batch/batch-options.js'
import { checkBatch } from './batch/check-batch.js'
import { createBatch, type StartedBatch } from './batch/create-batch.js'
import { hasPlace } from './batch/fill-template.js'
import { listItems } from './batch/list-items.js'
import { assertInputs, type PreparedBatch } from './batch/submit-batch.js'
import { checkClientOptions } from './check-client-options.js'
import { connect, type Connection } from './connect.js'
import { createExecutionCalls, toExecutionId } from './execution/execution-calls.js'
import { createExecution, type Opened, type Opening } from './execution/create-execution.js'
import { orAborted } from './or-aborted.js'
import { createPlan } from './plan.js'
import { collectSpec, prepareSpec, type PreparedSpec } from './prepare-spec.js'
import { submit } from './submit.js'
import type { RunOptions } from './run-options.js'
import type { ClientOptions, RGridClient } from './types.js'

const RUNNERS = { method: 'GET', path: '/v1/runners' } as const
const RUNTIMES = { method: 'GET', path: '/v1/runtimes' } as const

/**
 * Makes a client. It connects at its first use, and reads its configuration then.
 *
 * @throws RGridError `invalid_request` naming the option that is wrong or unknown.
 *
 * @example
 * ```ts
 * await using client = createClient({ url: 'https://rgrid.example.com', apiKey })
 * const { stdout } = await client.run('hello.py')
 * ```
 */
export function createClient(options: ClientOptions = {}): RGridClient {
  checkClientOptions(options)
  let connection: Promise<Connection> | undefined
  const getConnection = (): Promise<Connection> => (connection ??= connect(options))
  const getApi = async () => (await getConnection()).api

  const runtimes = async (): Promise<RuntimeRecord[]> =>
    (await (await getApi()).call(runtimeListSchema, RUNTIMES)).runtimes
  const start = async (
    id: string,
    script: string,
    runOptions: RunOptions,
    opening: Opening,
  ): Promise<Opened> => {
    opening.signal.throwIfAborted()
    const preparing = prepareSpec(script, runOptions, runtimes, opening)
    try {
      const ready = allOrFirstError([preparing, getApi()])
      const [prepared, api] = await orAborted(ready, opening.signal)
      return { api, ...(await submit(api, id, prepared, opening)) }
    } finally {
      await releaseOf(preparing, opening.signal)
    }
  }
  const startBatch = async (
    script: string,
    batchOptions: BatchOptions,
    signal: AbortSignal,
  ): Promise<StartedBatch> => {
    const checked = checkBatch(batchOptions)
    signal.throwIfAborted()
    const args = checked.template.filter((arg) => !hasPlace(arg))
    const preparing = prepareSpec(script, { ...checked.common, args }, runtimes, { signal })
    const prepare = async (): Promise<PreparedBatch> => {
      const [common, list] = await Promise.all([preparing, listItems(checked)])
      const batch = { script, checked, common, list }
      await assertInputs(batch)
      return batch
    }
    try {
      const [batch, api] = await orAborted(allOrFirstError([prepare(), getApi()]), signal)
      return { api, batch }
    } catch (error) {
      await releaseOf(preparing, signal)
      throw error
    }
  }
  const find = async (id: string): Promise<Opened> => {
    const api = await getApi()
    const path = `/v1/executions/${toExecutionId(id)}/events`
    return { api, id, events: await api.send({ method: 'GET', path, accept: 'text/event-stream' }) }
  }
  const again = async (id: string, newId: string): Promise<Opened> => {
    const api = await getApi()
    const path = `/v1/executions/${toExecutionId(id)}/retry`
    const call = { method: 'POST', path, json: { id: newId }, accept: 'text/event-stream' } as const
    return { api, id: newId, events: await api.send(call) }
  }
  const close = async (): Promise<void> => {
    const open = connection
    connection = undefined
    await (await open)?.close()
  }

  return {
    target: async () => (await getConnection()).target,
    run(script, runOptions = {}) {
      const id = createExecutionId()
      return createExecution(id, (opening) => start(id, script, runOptions, opening), toSignal(runOptions))
    },
    plan: async (script, runOptions = {}) => createPlan(await collectSpec(script, runOptions, runtimes)),
    attach: (id) => createExecution(id, () => find(id)),
    retry(id) {
      const newId = createExecutionId()
      return createExecution(newId, () => again(id, newId))
    },
    batch: (script, batchOptions) =>
      createBatch(
        createBatchId(),
        (signal) => startBatch(script, batchOptions, signal),
        toSignal(batchOptions),
      ),
    attachBatch: (id) => createBatch(id, async () => ({ api: await getApi(), id: toBatchId(id) })),
    batches: createBatchCalls(getApi),
    ...createExecutionCalls(getApi),
    runners: async () => (await getApi().then((api) => api.call(runnerListSchema, RUNNERS))).runners,
    runtimes,
    close,
    [Symbol.asyncDispose]: close,
  }
}

/** The signal, as far as it is one: what else is wrong with the options fails the execution, not the call. */
const toSignal = (options: RunOptions | null): AbortSignal | undefined =>
  options?.signal instanceof AbortSignal ? options.signal : undefined

/** Waits for both, so that neither failure is left unheard; the request's own fault goes before the connection's. */
async function allOrFirstError<A, B>([first, second]: [Promise<A>, Promise<B>]): Promise<[A, B]> {
  second.catch(() => undefined)
  return [await first, await second]
}

/** Removes what was kept of streams. Where that is not there yet as somebody has cancelled, nobody waits for it. */
async function releaseOf(preparing: Promise<PreparedSpec>, signal: AbortSignal): Promise<void> {
  const released = preparing.then(
    ({ release }) => release(),
    () => undefined,
  )
  if (!signal.aborted) await released
}
