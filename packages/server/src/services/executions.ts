import {
  isTerminal,
  type ArtifactRecord,
  type ExecutionPage,
  type ExecutionRecord,
  type ExecutionSummary,
} from '@rgrid/protocol'
import type { Context } from '../context.js'
import { batchTopic, controlTopic, executionTopic } from '../signals.js'
import type { PageQuery, StoredExecution } from '../store/execution-store.js'
import { executionNotFound } from '../store/faults.js'
import { createQueueExplainer, explainQueue, joinReasons } from './explain-queue.js'
import { toRecord, toSummary } from './to-record.js'

/**
 * One execution with its output files, and with what it waits for as its message.
 *
 * @throws RGridError `not_found`.
 */
export async function getExecution(context: Context, project: string, id: string): Promise<ExecutionRecord> {
  const stored = await findExecution(context, project, id)
  // Nobody is told of an end that a power cut can undo.
  if (isTerminal(stored.status)) await context.store.flush()
  const { executions, retention } = context.store
  const losses = isTerminal(stored.status) ? await retention.findLosses(project, id) : undefined
  const outputs = await executions.listArtifacts(project, id, 'output')
  const record = toRecord(stored, outputs, await executions.listAttempts(project, id), losses)
  if (stored.status !== 'queued') return record
  const reason = await explainQueue(context, project, stored.pool, stored.needs)
  return { ...record, message: joinReasons(record.message, reason) }
}

/**
 * A page of executions, newest first, each with what it waits for as its message.
 *
 * @throws RGridError `not_found` when the page's start is not there.
 */
export async function listExecutions(
  context: Context,
  project: string,
  query: PageQuery,
): Promise<ExecutionPage> {
  const { store } = context
  const found = await store.executions.list(project, { ...query, limit: query.limit + 1 })
  if (found.some(({ status }) => isTerminal(status))) await store.flush()
  const explain = createQueueExplainer(context, project)
  const losses = await store.retention.listLosses(
    project,
    found.map(({ id }) => id),
  )
  const summarize = async (stored: StoredExecution): Promise<ExecutionSummary> => {
    const summary = toSummary(stored, losses.get(stored.id))
    if (stored.status !== 'queued') return summary
    const reason = await explain(stored.pool, stored.needs)
    return { ...summary, message: joinReasons(summary.message, reason) }
  }
  const executions = await Promise.all(found.slice(0, query.limit).map(summarize))
  return { executions, next: found.length > query.limit ? (executions.at(-1)?.id ?? null) : null }
}

/**
 * Cancels an execution, or asks its runner to.
 *
 * @throws RGridError `not_found` or `already_finished`.
 */
export async function cancelExecution(
  context: Context,
  project: string,
  id: string,
): Promise<ExecutionRecord> {
  const outcome = await context.store.executions.cancel(project, id)
  if (outcome === undefined) throw executionNotFound(id)
  context.signals.notify(controlTopic(id))
  context.signals.notify(executionTopic(id))
  context.signals.notifySoon(batchTopic(project))
  return getExecution(context, project, id)
}

/** The files of an execution, and when it ended. */
export interface ListedArtifacts {
  readonly artifacts: readonly ArtifactRecord[]
  readonly finishedAt: number | null
}

/**
 * The files of an execution, given and made.
 *
 * @throws RGridError `not_found`.
 */
export async function listArtifacts(context: Context, project: string, id: string): Promise<ListedArtifacts> {
  const { finishedAt } = await findExecution(context, project, id)
  return { artifacts: await context.store.executions.listArtifacts(project, id), finishedAt }
}

/**
 * Checks that an execution is there.
 *
 * @throws RGridError `not_found`.
 */
export async function findExecution(
  { store }: Context,
  project: string,
  id: string,
): Promise<StoredExecution> {
  const stored = await store.executions.find(project, id)
  if (stored === undefined) throw executionNotFound(id)
  return stored
}
