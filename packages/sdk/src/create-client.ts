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
import { checkClientOptions } from './check-client-options.js'
import { connect, type Connection } from './connect.js'
import { createExecutionCalls, toExecutionId } from './execution/execution-calls.js'
import { createExecution, type Opened } from './execution/create-execution.js'
import type { UploadBoard } from './execution/upload-board.js'
import { createPlan } from './plan.js'
import { collectSpec, prepareSpec } from './prepare-spec.js'
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
    board: UploadBoard,
  ): Promise<Opened> => {
    const signal = toSignal(runOptions)
    signal?.throwIfAborted()
    const preparing = prepareSpec(script, runOptions, runtimes, board)
    try {
      const [prepared, api] = await allOrFirstError([preparing, getApi()])
      signal?.throwIfAborted()
      return { api, ...(await submit(api, id, prepared, { board, signal })) }
    } finally {
      await (await preparing.catch(() => undefined))?.release()
    }
  }
  const startBatch = async (script: string, batchOptions: BatchOptions): Promise<StartedBatch> => {
    const checked = checkBatch(batchOptions)
    checked.common.signal?.throwIfAborted()
    const args = checked.template.filter((arg) => !hasPlace(arg))
    const prepare = prepareSpec(script, { ...checked.common, args }, runtimes)
    const [[common, list], api] = await allOrFirstError([
      Promise.all([prepare, listItems(checked)]),
      getApi(),
    ])
    checked.common.signal?.throwIfAborted()
    return { api, batch: { script, checked, common, list } }
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
      return createExecution(id, (board) => start(id, script, runOptions, board), toSignal(runOptions))
    },
    plan: async (script, runOptions = {}) => createPlan(await collectSpec(script, runOptions, runtimes)),
    attach: (id) => createExecution(id, () => find(id)),
    retry(id) {
      const newId = createExecutionId()
      return createExecution(newId, () => again(id, newId))
    },
    batch: (script, batchOptions) =>
      createBatch(createBatchId(), () => startBatch(script, batchOptions), toSignal(batchOptions)),
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
