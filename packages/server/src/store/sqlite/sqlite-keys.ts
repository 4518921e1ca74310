import type { Kysely } from 'kysely'
import * as z from 'zod'
import type { KeyStore } from '../key-store.js'
import { prepareQuery, slot } from './prepare-query.js'
import type { Database } from './schema.js'

const scopesSchema = z.array(z.enum(['submit', 'read', 'admin', 'runner']))

/** API keys in SQLite. */
export function createKeyStore(db: Kysely<Database>, now: () => number): KeyStore {
  const findAt = prepareQuery(db.selectFrom('keys').selectAll().where('id', '=', slot<string>('id')))
  return {
    async find(id) {
      const [row] = await findAt(db, { id })
      if (row === undefined) return undefined
      const scopes = scopesSchema.parse(JSON.parse(row.scopes))
      return { id, project: row.project, scopes, secretHash: row.secret_hash }
    },

    addFirst: (keys) =>
      db.transaction().execute(async (trx) => {
        const found = await trx.selectFrom('keys').select('id').limit(1).executeTakeFirst()
        if (found !== undefined) return false
        for (const { id, project, scopes, secretHash } of keys)
          await trx
            .insertInto('keys')
            .values({
              id,
              project,
              scopes: JSON.stringify(scopes),
              secret_hash: secretHash,
              created_at: now(),
            })
            .execute()
        return true
      }),
  }
}
