import { LIMITS } from '@rgrid/protocol'
import type { Kysely } from 'kysely'
import type { CacheCall } from '../cache-store.js'
import type { Submission } from '../execution-store.js'
import { toNeeds } from '../needs.js'
import { idConflict, keyConflict, keyTaken, queueFull } from '../faults.js'
import { prepareOnce, slot } from './prepare-query.js'
import type { Database } from './schema.js'
import { insertArtifacts } from './sqlite-artifacts.js'
import { toNeedColumns } from './need-columns.js'
import { assertBlobs, insertInlineBlobs } from './sqlite-blobs.js'
import { copyResult, findStandIn, toCacheColumns } from './stand-in.js'

/** Accepts an execution, or finds that it was accepted before, in one transaction. */
export function submitExecution(
  db: Kysely<Database>,
  now: () => number,
  submission: Submission,
): Promise<boolean> {
  return db.transaction().execute((trx) => acceptExecution(trx, now(), submission))
}

/** The same within a transaction. */
export async function acceptExecution(
  trx: Kysely<Database>,
  createdAt: number,
  submission: Submission,
): Promise<boolean> {
  const { id, project, pool, spec, specHash, files, inline, batch, cache, retryOf } = submission
  if (await wasAccepted(trx, submission)) return false
  if (spec.key !== undefined) await assertKey(trx, spec.key, submission)
  const standIn = cache?.standIn === undefined ? undefined : await findStandIn(trx, project, cache.standIn)
  if (standIn === undefined) await assertRoomInQueue(trx, project)
  await insertInlineBlobs(trx, project, inline, createdAt)
  // What arrived with the request is known to be there; looking it up again would double the reads of a small submit.
  const arrived = new Map(inline.map(({ sha256, data }) => [sha256, data.byteLength]))
  const others = files.filter(({ sha256, size }) => arrived.get(sha256) !== size)
  if (others.length > 0) await assertBlobs(trx, project, others)
  await trx
    .insertInto('executions')
    .values({
      id,
      project,
      pool,
      status: 'queued',
      ...toNeedColumns(toNeeds(spec)),
      spec: JSON.stringify(spec),
      spec_hash: specHash,
      key: spec.key ?? null,
      priority: spec.priority ?? 0,
      retry_of: retryOf ?? null,
      created_at: createdAt,
      ...batch,
      ...(cache === undefined ? {} : toCacheColumns(createdAt, cache, standIn)),
    })
    .execute()
  await insertArtifacts(trx, project, id, 'input', files)
  if (cache !== undefined) await noteCall(trx, createdAt, submission, cache)
  if (standIn !== undefined) await copyResult(trx, standIn, id)
  return true
}

async function noteCall(
  trx: Kysely<Database>,
  createdAt: number,
  { id, project, spec: { script } }: Submission,
  { argsHash }: CacheCall,
): Promise<void> {
  const call = { execution_id: id, project, script, args_hash: argsHash, created_at: createdAt }
  await trx.insertInto('cache_calls').values(call).execute()
}

const findAccepted = prepareOnce((db) =>
  db.selectFrom('executions').select(['project', 'spec_hash']).where('id', '=', slot<string>('id')),
)

async function wasAccepted(trx: Kysely<Database>, { id, project, specHash }: Submission): Promise<boolean> {
  const [row] = await findAccepted(trx, { id })
  if (row === undefined) return false
  if (row.project !== project || row.spec_hash !== specHash) throw idConflict(id)
  return true
}

async function assertKey(
  trx: Kysely<Database>,
  key: string,
  { project, specHash }: Submission,
): Promise<void> {
  const row = await trx
    .selectFrom('executions')
    .select(['id', 'spec_hash'])
    .where('project', '=', project)
    .where('key', '=', key)
    .executeTakeFirst()
  if (row !== undefined) throw row.spec_hash === specHash ? keyTaken(key, row.id) : keyConflict(key, row.id)
}

const findLength = prepareOnce((db) =>
  db.selectFrom('queue_lengths').select('length').where('project', '=', slot<string>('project')),
)

async function assertRoomInQueue(trx: Kysely<Database>, project: string): Promise<void> {
  const [row] = await findLength(trx, { project })
  if (row !== undefined && row.length >= LIMITS.queuedPerProject) throw queueFull()
}
