import { RGridError, specSchema, toIssues, type BatchItem, type BatchItems, type Spec } from '@rgrid/protocol'
import type { Context } from '../context.js'
import { batchTopic, executionTopic, queueTopic } from '../signals.js'
import type { AddedItem, NewItem, StoredBatch } from '../store/batch-store.js'
import { batchCancelled, keyTwice } from '../store/faults.js'
import { findBatch } from './batches.js'
import { hashSpec, toFingerprint } from './hash-spec.js'
import { splitInline } from './inline-files.js'
import { isThere } from './is-there.js'
import { findRefusal } from './submit-execution.js'

/**
 * Adds items to a batch; adding them again returns what they became.
 *
 * @throws RGridError `not_found`, `invalid_request` or `key_conflict` naming the item's field, and what submitting throws;
 * nothing is stored then.
 */
export async function addItems(
  context: Context,
  project: string,
  id: string,
  { spec, items }: BatchItems,
): Promise<AddedItem[]> {
  const { store, signals, pool } = context
  const batch = await findBatch(context, project, id)
  if (batch.cancelRequested) throw batchCancelled(id)
  if (spec.cache !== undefined && spec.cache !== false)
    throw new RGridError(
      'invalid_request',
      'spec.cache: what ran before stands for the items of a batch anyway: leave it out, "rerun" says what runs again',
    )
  const { files: _files, ...common } = spec
  if (spec.key !== undefined)
    throw new RGridError('invalid_request', 'spec.key: names one execution: say it of an item')
  const refusal = await findRefusal(context, project, common)
  if (refusal !== undefined) throw refusal
  const salt = await store.batches.getSalt(project)
  const wanted = items.map((item, position) =>
    toNewItem(context, project, batch, salt, item, mergeSpec(spec, item, position)),
  )
  assertKeys(wanted)
  const reusable = await findReusable(context, project, batch, wanted)
  const added = await store.batches.add(
    project,
    batch,
    wanted.map((item) => ({ ...item, reusable: reusable.get(item.submission.batch.fingerprint) })),
  )
  signals.notify(queueTopic(project, pool))
  signals.notifySoon(batchTopic(project))
  for (const { executionId } of added) signals.notify(executionTopic(executionId))
  return added
}

// Behind single executions, for which somebody waits.
const ITEM_PRIORITY = -1

/** The whole spec of an item: what it says goes before what all have in common. */
function mergeSpec(common: Spec, item: BatchItem, position: number): Spec {
  const { args = common.args, rewrites = item.args === undefined ? common.rewrites : [], env, key } = item
  const own = new Set(item.files.map(({ path }) => path))
  const isCommon = ({ path }: { readonly path: string }): boolean => !own.has(path)
  const links = [...(common.links ?? []).filter(isCommon), ...(item.links ?? [])]
  const merged = specSchema.safeParse({
    ...common,
    args,
    rewrites,
    env: { ...common.env, ...env },
    files: [...common.files.filter(isCommon), ...item.files],
    folders: [...new Set([...common.folders, ...item.folders])],
    ...(links.length === 0 ? {} : { links }),
    ...(key === undefined ? {} : { key }),
  })
  if (merged.success) return merged.data
  const issues = toIssues(merged.error).map(({ path, message }) => ({
    path: `items.${position}.${path}`,
    message,
  }))
  const [first] = issues
  throw new RGridError('invalid_request', `${first?.path ?? 'items'}: ${first?.message ?? 'is not valid'}`, {
    issues,
  })
}

function toNewItem(
  { pool }: Context,
  project: string,
  { lane }: StoredBatch,
  salt: string,
  { index, id, name, repeat }: BatchItem,
  { files, ...spec }: Spec,
): Omit<NewItem, 'reusable'> {
  const { refs, inline } = splitInline(files)
  const batch = { lane, fingerprint: toFingerprint(salt, spec, refs, repeat) }
  // The priority that it has only as an item makes it no other than a single execution with its key.
  const specHash = hashSpec(spec, refs)
  const stored = { ...spec, priority: spec.priority ?? ITEM_PRIORITY }
  return {
    index,
    name,
    submission: { id, project, pool, spec: stored, specHash, files: refs, inline, batch },
  }
}

/** Checks that no two items have the same key and are not the same: one of them is nothing that was stored before. */
function assertKeys(items: readonly Omit<NewItem, 'reusable'>[]): void {
  const positions = new Map<string, number>()
  for (const [position, { submission }] of items.entries()) {
    const { key } = submission.spec
    if (key === undefined) continue
    const first = positions.get(key) ?? position
    positions.set(key, first)
    if (items[first]?.submission.specHash !== submission.specHash) throw keyTwice(position, first, key)
  }
}

/** Finds what ran before and whose files are all there, by fingerprint; what has a key is found by that alone. */
async function findReusable(
  context: Context,
  project: string,
  { rerun }: StoredBatch,
  items: readonly Omit<NewItem, 'reusable'>[],
): Promise<Map<string, string>> {
  const fingerprints = items
    .filter(({ submission }) => submission.spec.key === undefined)
    .map(({ submission }) => submission.batch.fingerprint)
  const candidates = await context.store.batches.findCandidates(project, fingerprints, rerun)
  const found = await Promise.all(
    candidates.map(async (candidate) => ((await isThere(context, candidate)) ? [candidate] : [])),
  )
  return new Map(found.flat().map(({ fingerprint, executionId }) => [fingerprint, executionId]))
}
