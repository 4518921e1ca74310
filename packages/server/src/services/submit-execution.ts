import { RGridError, type Spec } from '@rgrid/protocol'
import type { Context } from '../context.js'
import { executionTopic, queueTopic } from '../signals.js'
import type { StoredSpec } from '../store/execution-store.js'
import { toNeeds } from '../store/needs.js'
import { findUnfit } from './explain-queue.js'
import { askCache } from './cache/ask-cache.js'
import { findExcess } from './find-excess.js'
import { findUnknownRuntime } from './find-unknown-runtime.js'
import { hashSpec } from './hash-spec.js'
import { splitInline } from './inline-files.js'

/** What became of a submit. */
export interface Accepted {
  /** Whether it was not accepted before. */
  readonly isNew: boolean
  /** Whether it waits for a runner from this moment on. */
  readonly isQueued: boolean
}

/**
 * Accepts an execution; submitting the same again finds the first.
 *
 * @param retryOf - the execution that it repeats by request
 * @throws RGridError `invalid_request` when it asks for more than this server allows, or when no runner can take it and
 * that is not to be waited for, `unknown_runtime`, `id_conflict`, `key_taken`, `key_conflict`, `missing_blobs`, `digest_mismatch`, `too_large` or
 * `queue_full`; nothing is stored then.
 */
export async function submitExecution(
  context: Context,
  project: string,
  id: string,
  { files, ...spec }: Spec,
  retryOf?: string,
): Promise<Accepted> {
  const { store, signals, pool } = context
  const refusal = await findRefusal(context, project, spec)
  // What was accepted stays so, whatever this server allows and whichever runners are there by now.
  if (refusal !== undefined && (await store.executions.glance(project, id)) === undefined) throw refusal
  const { refs, inline } = splitInline(files)
  // Who asks for another try does not want what the first one gave.
  const cache = retryOf === undefined ? await askCache(context, project, spec, refs) : undefined
  const specHash = hashSpec({ ...spec, retryOf }, refs)
  const submission = { id, project, pool, spec, specHash, files: refs, inline, cache, retryOf }
  const isNew = await store.executions.submit(submission).catch(async (error: unknown) => {
    // The caller now uploads what is missing, and relies on the rest still being here when it repeats the request.
    if (error instanceof RGridError && error.code === 'missing_blobs')
      await store.blobs.listMissing(
        project,
        refs.map(({ sha256 }) => sha256),
      )
    throw error
  })
  if (isNew) {
    signals.notify(queueTopic(project, pool))
    signals.notify(executionTopic(id))
  }
  return { isNew, isQueued: isNew && cache?.standIn === undefined }
}

/** Why this server does not accept a spec; `undefined` when it does. */
export async function findRefusal(
  context: Context,
  project: string,
  spec: StoredSpec,
): Promise<RGridError | undefined> {
  return (
    findExcess(context, spec) ??
    (await findUnknownRuntime(context, project, spec.runtime)) ??
    (await refuseUnfit(context, project, spec))
  )
}

async function refuseUnfit(
  context: Context,
  project: string,
  spec: StoredSpec,
): Promise<RGridError | undefined> {
  if (!context.refuseUnfit) return undefined
  const unfit = await findUnfit(context, project, context.pool, toNeeds(spec))
  if (unfit === null) return undefined
  const { field, message } = unfit
  const advice = '"rgrid doctor" shows what this machine has'
  return new RGridError('invalid_request', `${field}: ${message}: ${advice}`, {
    issues: [{ path: field, message }],
  })
}
