import { environmentsSchema } from '@rgrid/protocol'
import { sql, type Kysely } from 'kysely'
import * as z from 'zod'
import type { AlikeCall, CacheStore } from '../cache-store.js'
import { findOutputBlobs } from './find-output-blobs.js'
import { hasNoLosses } from './has-no-losses.js'
import type { Database } from './schema.js'
import { parseOffers } from './sqlite-runners.js'
import { parseSpec } from './to-execution.js'

const STAND_INS = 3
const ALIKE = 8
const environmentListSchema = z.array(environmentsSchema)

/** What there is to know for the cache of results, in SQLite. */
export function createCacheStore(db: Kysely<Database>, now: () => number): CacheStore {
  const selectAlike = (project: string, script: string) =>
    db
      .selectFrom('cache_calls')
      .innerJoin('executions', 'executions.id', 'cache_calls.execution_id')
      .select(['execution_id as executionId', 'spec'])
      .where('cache_calls.project', '=', project)
      .where('cache_calls.script', '=', script)
      .orderBy('cache_calls.created_at', 'desc')
      .limit(ALIKE)

  return {
    async listStandIns(project, { fingerprint, environments, failures }) {
      const rows = await db
        .selectFrom('executions')
        .select('id')
        .where('project', '=', project)
        .where('fingerprint', '=', fingerprint)
        .where('environment', 'in', environments)
        .where('cause', '=', 'exit')
        .where('status', 'in', failures ? ['completed', 'failed'] : ['completed'])
        .where(hasNoLosses)
        .orderBy('created_at', 'desc')
        .limit(STAND_INS)
        .execute()
      const ids = rows.map(({ id }) => id)
      const getBlobs = await findOutputBlobs(db, project, ids)
      return ids.map((executionId) => ({ executionId, ...getBlobs(executionId) }))
    },

    async findTwin(project, fingerprint) {
      const row = await db
        .selectFrom('executions')
        .leftJoin('losses', 'losses.execution_id', 'executions.id')
        .select([
          'executions.id as executionId',
          'status',
          'cause',
          'environment',
          'losses.execution_id as loser',
        ])
        .where('project', '=', project)
        .where('fingerprint', '=', fingerprint)
        .where(sql<boolean>`coalesce(cache ->> 'hit', 0) = 0`)
        // What failed or was given up says less of what has changed since.
        .orderBy(sql`status <> 'completed'`)
        .orderBy('created_at', 'desc')
        .limit(1)
        .executeTakeFirst()
      if (row === undefined) return undefined
      const { loser, ...twin } = row
      return { ...twin, hasLosses: loser !== null }
    },

    async listAlike(project, script, argsHash) {
      const ofScript = selectAlike(project, script)
      const same = await ofScript.where('args_hash', '=', argsHash).execute()
      const latest = await ofScript.execute()
      const calls = new Map<string, AlikeCall>()
      for (const { executionId, spec } of [...same, ...latest])
        calls.set(executionId, { executionId, spec: parseSpec(spec) })
      return [...calls.values()]
    },

    async listInputs(project, id) {
      const rows = await db
        .selectFrom('artifacts')
        .select(['path', 'sha256', 'size', 'executable'])
        .where('project', '=', project)
        .where('execution_id', '=', id)
        .where('kind', '=', 'input')
        .execute()
      return rows.map(({ executable, ...file }) => ({ ...file, executable: executable === 1 }))
    },

    async listEnvironments(project, pool, withinMs) {
      const rows = await db
        .selectFrom('runners')
        .select(['name', 'offers', 'environments', 'last_seen as lastSeen'])
        .where('project', '=', project)
        .where('pool', '=', pool)
        .where('last_seen', '>=', now() - withinMs)
        .orderBy('registered_at', 'desc')
        .execute()
      return rows.map(({ name, offers, environments, lastSeen }) => ({
        name,
        offers: parseOffers(offers),
        environments: environmentListSchema.parse(JSON.parse(environments)),
        lastSeen,
      }))
    },
  }
}
