import type { FileRef, Spec } from '@rgrid/protocol'
import type { Context } from '../context.js'
import { executionTopic, queueTopic } from '../signals.js'
import type { StoredSpec } from '../store/execution-store.js'
import { sha256Of, splitInline } from './inline-files.js'

/**
 * Accepts an execution; submitting the same again finds the first.
 *
 * @returns whether it is new.
 * @throws RGridError `id_conflict`, `missing_blobs`, `digest_mismatch`, `too_large` or `queue_full`; nothing is stored then.
 */
export async function submitExecution(
  { store, signals, pool }: Context,
  project: string,
  id: string,
  { files, ...spec }: Spec,
): Promise<boolean> {
  const { refs, inline } = splitInline(files)
  const specHash = hashSpec(spec, refs)
  const isNew = await store.executions.submit({ id, project, pool, spec, specHash, files: refs, inline })
  if (isNew) {
    signals.notify(queueTopic(project, pool))
    signals.notify(executionTopic(id))
  }
  return isNew
}

/** Names a spec: equal for equal specs, whatever the order of their records and files and however bytes travel. */
function hashSpec(spec: StoredSpec, files: readonly FileRef[]): string {
  const byPath = [...files].sort((a, b) => compare(a.path, b.path))
  return sha256Of(
    JSON.stringify([
      spec.script,
      spec.args,
      sortEntries(spec.env),
      spec.runtime,
      spec.executor ?? null,
      spec.timeoutMs,
      sortEntries(spec.labels),
      spec.rewrites.map(({ index, from }) => [index, from]),
      byPath.map(({ path, sha256, size, executable }) => [path, sha256, size, executable]),
    ]),
  )
}

const sortEntries = (record: Record<string, string>): [string, string][] =>
  Object.entries(record).sort(([a], [b]) => compare(a, b))

const compare = (a: string, b: string): number => (a < b ? -1 : a > b ? 1 : 0)
