import type { Kysely } from 'kysely'
import type { ExecutionStore } from '../execution-store.js'
import { executionNotFound } from '../faults.js'
import { NEED_COLUMNS, readNeeds } from './need-columns.js'
import { prepareQuery, slot } from './prepare-query.js'
import type { Database } from './schema.js'
import { createArtifactMethods } from './sqlite-artifacts.js'
import { createAttemptMethods } from './sqlite-attempts.js'
import { cancelExecution } from './sqlite-cancel.js'
import { claimExecutions } from './sqlite-claim.js'
import { submitExecution } from './sqlite-submit.js'
import { sweepExecutions } from './sqlite-sweep.js'
import { toAttempt, toExecution } from './to-execution.js'

/** Executions and their queue in SQLite. */
export function createExecutionStore(db: Kysely<Database>, now: () => number): ExecutionStore {
  const findAt = prepareQuery(
    db
      .selectFrom('executions')
      .selectAll()
      .where('id', '=', slot<string>('id'))
      .where('project', '=', slot<string>('project')),
  )
  const glanceAt = prepareQuery(
    db
      .selectFrom('executions')
      .select(['status', 'attempt', 'cancel_requested', 'last_seq', 'pool', 'progress'])
      .select(NEED_COLUMNS)
      .where('id', '=', slot<string>('id'))
      .where('project', '=', slot<string>('project')),
  )
  const attemptsOf = prepareQuery(
    db
      .selectFrom('attempts')
      .innerJoin('executions', 'executions.id', 'attempts.execution_id')
      .leftJoin('runners', (join) =>
        join
          .onRef('runners.id', '=', 'attempts.runner_id')
          .onRef('runners.project', '=', 'executions.project'),
      )
      .selectAll('attempts')
      .select('runners.name as runner_name')
      .where('executions.project', '=', slot<string>('project'))
      .where('attempts.execution_id', '=', slot<string>('id'))
      .orderBy('attempts.attempt'),
  )
  return {
    submit: (submission) => submitExecution(db, now, submission),

    async find(project, id) {
      const [row] = await findAt(db, { project, id })
      return row === undefined ? undefined : toExecution(row)
    },

    async glance(project, id) {
      const [row] = await glanceAt(db, { project, id })
      if (row === undefined) return undefined
      const { status, attempt, cancel_requested: cancelRequested, last_seq: lastSeq, pool, progress } = row
      return {
        status,
        attempt,
        cancelRequested: cancelRequested === 1,
        lastSeq,
        pool,
        progress,
        needs: readNeeds(row),
      }
    },

    listAttempts: async (project, id) => (await attemptsOf(db, { project, id })).map(toAttempt),

    async list(project, { status, limit, before }) {
      let query = db
        .selectFrom('executions')
        .selectAll()
        .where('project', '=', project)
        .orderBy('created_at', 'desc')
        .orderBy('id', 'desc')
        .limit(limit)
      if (status !== undefined) query = query.where('status', '=', status)
      if (before !== undefined) {
        const { created_at: at } = await findCreation(db, project, before)
        query = query.where((eb) => eb(eb.refTuple('created_at', 'id'), '<', eb.tuple(at, before)))
      }
      return (await query.execute()).map(toExecution)
    },

    ...createArtifactMethods(db),
    cancel: (project, id) => cancelExecution(db, now, project, id),
    claim: (order) => claimExecutions(db, now, order),
    ...createAttemptMethods(db, now),
    sweep: (limits) => sweepExecutions(db, now, limits),
  }
}

async function findCreation(
  db: Kysely<Database>,
  project: string,
  id: string,
): Promise<{ created_at: number }> {
  const row = await db
    .selectFrom('executions')
    .select('created_at')
    .where('id', '=', id)
    .where('project', '=', project)
    .executeTakeFirst()
  if (row === undefined) throw executionNotFound(id)
  return row
}
