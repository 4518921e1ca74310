import { sql, type Kysely } from 'kysely'
import type { Database } from './schema.js'

const INCREMENTAL = 2
const STEP_PAGES = 256
// Free pages are used again before the file grows, so a busy store keeps some.
const KEPT_BYTES = 64 * 1024 * 1024
const KEPT_SHARE = 0.25

/** Gives a MiB of free pages back to the disk; `false` when there are few, or the file was made without this. */
export function shrinkFile(db: Kysely<Database>): Promise<boolean> {
  return db.transaction().execute(async (trx) => {
    const pages = await readPragma(trx, 'page_count')
    const free = await readPragma(trx, 'freelist_count')
    const kept = Math.max(KEPT_SHARE * pages, KEPT_BYTES / (await readPragma(trx, 'page_size')))
    if (free - STEP_PAGES < kept || (await readPragma(trx, 'auto_vacuum')) !== INCREMENTAL) return false
    // The statement frees one page each time that it is run.
    for (let page = 0; page < STEP_PAGES; page++) await sql`pragma incremental_vacuum`.execute(trx)
    return true
  })
}

async function readPragma(
  trx: Kysely<Database>,
  name: 'page_count' | 'freelist_count' | 'page_size' | 'auto_vacuum',
): Promise<number> {
  const { rows } = await sql.raw<Record<string, number>>(`pragma ${name}`).execute(trx)
  return rows[0]?.[name] ?? 0
}
