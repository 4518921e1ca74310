import type { Kysely } from 'kysely'
import { randomBytes } from 'node:crypto'
import type { Database } from './schema.js'

// As long as the digest that it goes into.
const SALT_BYTES = 32

/** Finds the salt of a project, or makes it when it has none; of several who make it at once, one is heard. */
export async function getSalt(db: Kysely<Database>, project: string): Promise<string> {
  const find = () => db.selectFrom('salts').select('salt').where('project', '=', project).executeTakeFirst()
  const known = await find()
  if (known !== undefined) return known.salt
  const salt = randomBytes(SALT_BYTES).toString('hex')
  await db
    .insertInto('salts')
    .values({ project, salt })
    .onConflict((conflict) => conflict.doNothing())
    .execute()
  return (await find())?.salt ?? salt
}
