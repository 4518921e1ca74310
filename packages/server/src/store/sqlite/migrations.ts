import { sql, type Kysely, type Migration } from 'kysely'
import { FIRST } from './migrations/0001-first.js'
import { NEEDS } from './migrations/0002-needs.js'
import { HOLDS_BACK } from './migrations/0003-holds-back.js'
import { BATCHES } from './migrations/0004-batches.js'
import { OUTPUTS } from './migrations/0005-outputs.js'
import { RETENTION } from './migrations/0006-retention.js'
import { RETRIES } from './migrations/0007-retries.js'
import { SALTS } from './migrations/0008-salts.js'
import { ITEM_ENDS } from './migrations/0009-item-ends.js'
import { CACHE } from './migrations/0010-cache.js'

const run = (statements: readonly string[]): Migration => ({
  async up(db: Kysely<unknown>) {
    for (const statement of statements) await sql.raw(statement).execute(db)
  },
})

/** The migrations in the order of their names. A published one is never edited. */
export const MIGRATIONS: Readonly<Record<string, Migration>> = {
  '0001-first': run(FIRST),
  '0002-needs': run(NEEDS),
  '0003-holds-back': run(HOLDS_BACK),
  '0004-batches': run(BATCHES),
  '0005-outputs': run(OUTPUTS),
  '0006-retention': run(RETENTION),
  '0007-retries': run(RETRIES),
  '0008-salts': run(SALTS),
  '0009-item-ends': run(ITEM_ENDS),
  '0010-cache': run(CACHE),
}
