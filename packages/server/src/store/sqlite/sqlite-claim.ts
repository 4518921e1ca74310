import type { Offer } from '@rgrid/protocol'
import { sql, type Kysely, type Selectable } from 'kysely'
import { randomBytes } from 'node:crypto'
import type { ClaimOrder, StoredClaim } from '../execution-store.js'
import { executionNotFound, runnerUnknown } from '../faults.js'
import { fitsOffer } from '../fits-offer.js'
import { findLaneRooms } from './lane-rooms.js'
import { moveExecution } from './move-execution.js'
import { NEED_COLUMNS, readNeeds, whereFits } from './need-columns.js'
import { prepareOnce, prepareQuery, slot } from './prepare-query.js'
import type { Database, ExecutionsTable } from './schema.js'
import { noteRunnerSeen, parseOffers } from './sqlite-runners.js'
import { parseSpec } from './to-execution.js'

const TOKEN_BYTES = 16
const MAX_PREPARED = 64

type ClaimedRow = Pick<StoredClaim, 'attempt' | 'leaseToken' | 'executor'> &
  Pick<Selectable<ExecutionsTable>, 'id' | 'spec' | 'memory_mib'>

// A literal, as SQLite cannot use the index of queued rows for a bound parameter.
const QUEUED = sql.lit('queued' as const)

/** Hands out executions in one transaction; without one when nothing waits, as that is most of the time. */
export async function claimExecutions(
  db: Kysely<Database>,
  now: () => number,
  order: ClaimOrder,
): Promise<StoredClaim[]> {
  const time = now()
  const offers = await findOffers(db, time, order)
  if (order.holdsBack !== undefined || offers.length === 0 || !(await hasWork(db, time, order))) return []
  return db.transaction().execute(async (trx) => {
    const again = await listClaims(trx, order)
    if (again.length > 0) return again
    await bringInDue(trx, { project: order.project, pool: order.pool, time: now() })
    const claims: StoredClaim[] = []
    for (const row of await listWithRoom(trx, order, offers)) {
      const needs = readNeeds(row)
      const offer = offers.find((candidate) => fitsOffer(candidate, needs))
      if (offer !== undefined) claims.push(await claimOne(trx, now(), order, row, offer))
    }
    return claims
  })
}

const findRunner = prepareOnce((db) =>
  db
    .selectFrom('runners')
    .select(['offers', 'last_seen', 'pool_stats', 'holds_back'])
    .where('project', '=', slot<string>('project'))
    .where('id', '=', slot<string>('runnerId'))
    .where('pool', '=', slot<string>('pool')),
)

async function findOffers(
  db: Kysely<Database>,
  time: number,
  { project, runnerId, pool, executors, poolStats, holdsBack }: ClaimOrder,
): Promise<Offer[]> {
  const [row] = await findRunner(db, { project, runnerId, pool })
  if (row === undefined) throw runnerUnknown(runnerId)
  await noteRunnerSeen(db, project, runnerId, row, time, { poolStats, holdsBack: holdsBack ?? null })
  return parseOffers(row.offers).filter(({ executor }) => executors.includes(executor))
}

const selectQueued = (db: Kysely<Database>) =>
  db
    .selectFrom('executions')
    .select('id')
    .where('project', '=', slot<string>('project'))
    .where('pool', '=', slot<string>('pool'))
    .where('status', '=', QUEUED)
    .limit(1)

/** What there may be for a runner: what waits, what was put off and is due, and what it has not heard of yet. */
const WORK = [
  prepareOnce((db) => selectQueued(db).where('not_before', 'is', null)),
  prepareOnce((db) => selectQueued(db).where('not_before', '<=', slot<number>('time'))),
  prepareOnce((db) =>
    db
      .selectFrom('executions')
      .select('id')
      .where('claim_id', '=', slot<string>('claimId'))
      .where('status', '=', 'claimed')
      .limit(1),
  ),
]

async function hasWork(
  db: Kysely<Database>,
  time: number,
  { project, pool, claimId }: ClaimOrder,
): Promise<boolean> {
  for (const find of WORK) if ((await find(db, { project, pool, claimId, time })).length > 0) return true
  return false
}

/** Brings what was put off and is due now to its place in the queue. */
const bringInDue = prepareOnce((db) =>
  db
    .updateTable('executions')
    .set({ not_before: null })
    .where('project', '=', slot<string>('project'))
    .where('pool', '=', slot<string>('pool'))
    .where('status', '=', QUEUED)
    .where('not_before', '<=', slot<number>('time')),
)

type Fitting = Awaited<ReturnType<typeof listFitting>>[number]

/** What waits and fits, less what would be too many of one lane. */
async function listWithRoom(
  trx: Kysely<Database>,
  order: ClaimOrder,
  offers: readonly Offer[],
): Promise<Fitting[]> {
  const rows = await listFitting(trx, order, offers)
  const lanes = rows.flatMap(({ lane }) => lane ?? [])
  if (lanes.length === 0) return rows
  const rooms = await findLaneRooms(trx, order.project, lanes)
  const taken = new Map<string, Fitting>()
  for (let found = rows; ;) {
    let isLeftOut = false
    for (const row of found) {
      if (taken.size === order.max || taken.has(row.id)) continue
      const room = row.lane === null ? undefined : rooms.get(row.lane)
      if (room !== undefined && room <= 0) isLeftOut = true
      else taken.set(row.id, row)
      if (row.lane !== null && room !== undefined) rooms.set(row.lane, room - 1)
    }
    // What is behind a lane that has become full may still go.
    if (!isLeftOut || taken.size === order.max) return [...taken.values()]
    const full = [...rooms].filter(([, room]) => room <= 0).map(([lane]) => lane)
    found = await listBeside(trx, order, offers, full)
  }
}

/** The same as {@link listFitting} without some lanes. */
const listBeside = (
  trx: Kysely<Database>,
  { project, pool, max }: ClaimOrder,
  offers: readonly Offer[],
  lanes: readonly string[],
): Promise<Fitting[]> =>
  selectFitting(trx, offers)
    .where('project', '=', project)
    .where('pool', '=', pool)
    .where((eb) => eb.or([eb('lane', 'is', null), eb('lane', 'not in', lanes)]))
    .limit(max)
    .execute()

const fittingByOffers = new Map<string, ReturnType<typeof prepareFitting>>()

/** What waits and fits, in its order. A runner offers the same again and again, so that the query is written once. */
function listFitting(
  trx: Kysely<Database>,
  { project, pool, max }: ClaimOrder,
  offers: readonly Offer[],
): ReturnType<ReturnType<typeof prepareFitting>> {
  const key = JSON.stringify(offers)
  const known = fittingByOffers.get(key)
  const prepared = known ?? prepareFitting(trx, offers)
  if (fittingByOffers.size >= MAX_PREPARED) fittingByOffers.clear()
  if (known === undefined) fittingByOffers.set(key, prepared)
  return prepared(trx, { project, pool, max })
}

const prepareFitting = (db: Kysely<Database>, offers: readonly Offer[]) =>
  prepareQuery(
    selectFitting(db, offers)
      .where('project', '=', slot<string>('project'))
      .where('pool', '=', slot<string>('pool'))
      .limit(slot<number>('max')),
  )

const selectFitting = (db: Kysely<Database>, offers: readonly Offer[]) =>
  db
    .selectFrom('executions')
    .select(['id', 'attempt', 'lane', ...NEED_COLUMNS])
    .where('status', '=', QUEUED)
    .where('not_before', 'is', null)
    .where((eb) => eb.or(offers.map((offer) => whereFits(eb, offer))))
    .orderBy('priority', 'desc')
    .orderBy('created_at')
    .orderBy('id')

const findSpec = prepareOnce((db) =>
  db.selectFrom('executions').select('spec').where('id', '=', slot<string>('id')),
)

async function claimOne(
  trx: Kysely<Database>,
  time: number,
  { project, runnerId, claimId, leaseMs }: ClaimOrder,
  {
    id,
    attempt: attempts,
    memory_mib: memoryMib,
  }: Pick<Selectable<ExecutionsTable>, 'id' | 'attempt' | 'memory_mib'>,
  { executor }: Offer,
): Promise<StoredClaim> {
  const attempt = attempts + 1
  const leaseToken = randomBytes(TOKEN_BYTES).toString('hex')
  await moveExecution(trx, { id }, 'claimed', {
    attempt,
    executor,
    lease_token: leaseToken,
    lease_until: time + leaseMs,
    runner_id: runnerId,
    claim_id: claimId,
    claimed_at: time,
    last_seq: 0,
    stdout_bytes: 0,
    stderr_bytes: 0,
    dropped_bytes: 0,
  })
  await trx
    .insertInto('attempts')
    .values({
      execution_id: id,
      attempt,
      runner_id: runnerId,
      executor,
      claimed_at: time,
      started_at: null,
      ended_at: null,
      outcome: null,
      memory_mib: memoryMib,
    })
    .execute()
  // Read here, as it is not in the index that the queue is searched by.
  const [row] = await findSpec(trx, { id })
  if (row === undefined) throw executionNotFound(id)
  const { spec } = row
  return toClaim(trx, project, { id, attempt, leaseToken, executor, spec, memory_mib: memoryMib })
}

const findClaimed = prepareOnce((db) =>
  db
    .selectFrom('executions')
    .select(['id', 'attempt', 'lease_token as leaseToken', 'executor', 'spec', 'memory_mib'])
    .where('project', '=', slot<string>('project'))
    .where('runner_id', '=', slot<string>('runnerId'))
    .where('claim_id', '=', slot<string>('claimId'))
    .where('status', '=', 'claimed')
    .orderBy('created_at')
    .orderBy('id'),
)

async function listClaims(
  trx: Kysely<Database>,
  { project, runnerId, claimId }: ClaimOrder,
): Promise<StoredClaim[]> {
  const rows = await findClaimed(trx, { project, runnerId, claimId })
  const claims: StoredClaim[] = []
  for (const { leaseToken, executor, ...row } of rows)
    if (leaseToken !== null && executor !== null)
      claims.push(await toClaim(trx, project, { ...row, leaseToken, executor }))
  return claims
}

async function toClaim(
  trx: Kysely<Database>,
  project: string,
  { id, spec: text, memory_mib: memoryMib, ...claim }: ClaimedRow,
): Promise<StoredClaim> {
  const files = await listFiles(trx, project, id)
  const spec = parseSpec(text)
  // An attempt may be given more memory than the one before it.
  const resources = memoryMib === null ? spec.resources : { ...spec.resources, memoryMib }
  return { ...claim, executionId: id, project, spec: { ...spec, resources }, files }
}

const findFiles = prepareOnce((db) =>
  db
    .selectFrom('artifacts')
    .innerJoin('blobs', (join) =>
      join.onRef('blobs.sha256', '=', 'artifacts.sha256').on('blobs.project', '=', slot<string>('project')),
    )
    .select(['artifacts.path', 'artifacts.sha256', 'artifacts.size', 'artifacts.executable', 'blobs.data'])
    .where('artifacts.execution_id', '=', slot<string>('id'))
    .where('artifacts.kind', '=', 'input')
    .orderBy('artifacts.path'),
)

async function listFiles(trx: Kysely<Database>, project: string, id: string): Promise<StoredClaim['files']> {
  const rows = await findFiles(trx, { project, id })
  return rows.map(({ data, executable, ...file }) => ({
    file: { ...file, executable: executable === 1 },
    data,
  }))
}
