import {
  createBatchId,
  createExecutionId,
  type BatchRecord,
  type BatchSpec,
  type Claim,
  type ItemOutcome,
} from '@rgrid/protocol'
import { createSpec, readJson, SUCCESS, type Fixture, type TestRunner } from './server-fixture.js'

/** An item as the server answers it. */
export interface Added {
  readonly index: number
  readonly executionId: string
  readonly outcome: ItemOutcome
}

/** An item of a batch, as it is sent. */
export const item = (index: number, args: readonly string[] = [`${index}`], over: object = {}) => ({
  index,
  id: createExecutionId(),
  name: `item ${index}`,
  args,
  ...over,
})

/** Items that differ in their argument. */
export const items = (count: number) => Array.from({ length: count }, (_, index) => item(index))

/** Opens a batch and returns its id. */
export async function openBatch({ send }: Fixture, spec: Partial<BatchSpec> = {}): Promise<string> {
  const id = createBatchId()
  const response = await send('PUT', `/v1/batches/${id}`, { lane: 'lane', ...spec })
  if (response.status !== 200) throw new Error(await response.text())
  return id
}

/** Asks for items to be added. */
export const addTo = ({ send }: Fixture, id: string, some: readonly object[], spec = createSpec()) =>
  send('POST', `/v1/batches/${id}/items`, { spec, items: some })

/** Adds items. */
export async function add(fixture: Fixture, id: string, some: readonly object[], spec = createSpec()) {
  const response = await addTo(fixture, id, some, spec)
  if (response.status !== 200) throw new Error(await response.text())
  return (await readJson<{ items: Added[] }>(response)).items
}

/** The record of a batch. */
export const getBatch = async ({ send }: Fixture, id: string): Promise<BatchRecord> =>
  readJson<BatchRecord>(await send('GET', `/v1/batches/${id}`))

/** Runs what was claimed. */
export async function runOne(runner: TestRunner, claim: Claim, end: object = {}): Promise<void> {
  await runner.report(claim, 'started')
  const response = await runner.report(claim, 'complete', { ...SUCCESS, ...end })
  if (response.status !== 200) throw new Error(await response.text())
}

/** Runs all that is queued and returns how many that were. */
export async function runAll(runner: TestRunner, end: object = {}): Promise<number> {
  for (let count = 0; ; count++) {
    const [claim] = await runner.claim()
    if (claim === undefined) return count
    await runOne(runner, claim, end)
  }
}

/** The end of a script that failed. */
export const FAILURE = { exitCode: 1 }
