import { LIMITS } from '@rgrid/protocol'
import type { Kysely } from 'kysely'
import type { BlobIndex } from '../blob-index.js'
import type { InlineBlob } from '../execution-store.js'
import { digestMismatch, missingBlobs } from '../faults.js'
import type { Database } from './schema.js'

const BATCH = 500
const RENEW_MS = LIMITS.blobGraceMs / 24

/** The blobs of a project in SQLite. */
export function createBlobIndex(db: Kysely<Database>, now: () => number): BlobIndex {
  return {
    async listMissing(project, digests) {
      await renewWanted(db, project, digests, now())
      // Looked for afterwards: what was collected before it could be renewed is missing.
      const sizes = await findSizes(db, project, digests)
      return [...new Set(digests)].filter((digest) => !sizes.has(digest))
    },

    add: (project, sha256, size, isStored) =>
      db.transaction().execute(async (trx) => {
        if (!(await isStored())) return false
        const time = now()
        await trx
          .insertInto('blobs')
          .values({
            project,
            sha256,
            size,
            data: null,
            created_at: time,
            wanted_at: time,
            check_at: time + LIMITS.blobGraceMs,
          })
          .onConflict((conflict) => conflict.columns(['project', 'sha256']).doUpdateSet({ wanted_at: time }))
          .execute()
        return true
      }),

    async findMany(project, digests) {
      const rows = await db
        .selectFrom('blobs')
        .select(['sha256', 'size', 'data'])
        .where('project', '=', project)
        .where('sha256', 'in', digests)
        .execute()
      return new Map(rows.map(({ sha256, ...blob }) => [sha256, blob]))
    },

    find: (project, sha256) =>
      db
        .selectFrom('blobs')
        .select(['size', 'data'])
        .where('project', '=', project)
        .where('sha256', '=', sha256)
        .executeTakeFirst(),

    async listUnowned(digests) {
      const rows = await db
        .selectFrom('blobs')
        .select('sha256')
        .where('sha256', 'in', digests)
        .where('data', 'is', null)
        .execute()
      const owned = new Set(rows.map(({ sha256 }) => sha256))
      return digests.filter((digest) => !owned.has(digest))
    },

    discard: (sha256, discard) =>
      db.transaction().execute(async (trx) => {
        const owner = await trx
          .selectFrom('blobs')
          .select('project')
          .where('sha256', '=', sha256)
          .where('data', 'is', null)
          .executeTakeFirst()
        if (owner === undefined) await discard()
      }),
  }
}

/** Notes that somebody was told of blobs, where that was not noted lately. */
async function renewWanted(
  db: Kysely<Database>,
  project: string,
  digests: readonly string[],
  time: number,
): Promise<void> {
  for (let start = 0; start < digests.length; start += BATCH) {
    const batch = digests.slice(start, start + BATCH)
    const stale = await db
      .selectFrom('blobs')
      .select('sha256')
      .where('project', '=', project)
      .where('sha256', 'in', batch)
      .where('wanted_at', '<', time - RENEW_MS)
      .execute()
    // Most were renewed by somebody else: asking then takes no lock.
    if (stale.length === 0) continue
    await db
      .updateTable('blobs')
      .set({ wanted_at: time })
      .where('project', '=', project)
      .where(
        'sha256',
        'in',
        stale.map(({ sha256 }) => sha256),
      )
      .execute()
  }
}

/**
 * Stores the bytes that came inside a request. They live in rows, not in files, so that they commit together with the
 * execution: one fsync in place of two per file, and nothing half stored.
 */
export async function insertInlineBlobs(
  trx: Kysely<Database>,
  project: string,
  inline: readonly InlineBlob[],
  createdAt: number,
): Promise<void> {
  const rows = inline.map(({ sha256, data }) => ({
    project,
    sha256,
    size: data.byteLength,
    data,
    created_at: createdAt,
  }))
  for (let start = 0; start < rows.length; start += BATCH)
    await trx
      .insertInto('blobs')
      .values(rows.slice(start, start + BATCH))
      .onConflict((conflict) => conflict.doNothing())
      .execute()
}

/**
 * Checks that the project has the blob of every file, in the size that the file says.
 *
 * @throws RGridError `missing_blobs` or `digest_mismatch`.
 */
export async function assertBlobs(
  trx: Kysely<Database>,
  project: string,
  files: readonly { path: string; sha256: string; size: number }[],
): Promise<void> {
  const digests = [...new Set(files.map(({ sha256 }) => sha256))]
  const sizes = await findSizes(trx, project, digests)
  const missing = digests.filter((digest) => !sizes.has(digest))
  if (missing.length > 0) throw missingBlobs(missing)
  const wrong = files.find(({ sha256, size }) => sizes.get(sha256) !== size)
  if (wrong !== undefined) throw digestMismatch(`"${wrong.path}"`)
}

async function findSizes(
  db: Kysely<Database>,
  project: string,
  digests: readonly string[],
): Promise<Map<string, number>> {
  const sizes = new Map<string, number>()
  for (let start = 0; start < digests.length; start += BATCH) {
    const rows = await db
      .selectFrom('blobs')
      .select(['sha256', 'size'])
      .where('project', '=', project)
      .where('sha256', 'in', digests.slice(start, start + BATCH))
      .execute()
    for (const { sha256, size } of rows) sizes.set(sha256, size)
  }
  return sizes
}
