import type { Compilable, Kysely } from 'kysely'
import type { Database } from './schema.js'

/** The place of a value in a query that is not known when it is written. */
class Slot {
  readonly name: string

  constructor(name: string) {
    this.name = name
  }
}

/** Stands for a value of a query that {@link prepareQuery} prepares. */
export const slot = <T extends string | number>(name: string): T => new Slot(name) as unknown as T

/** Runs a prepared query with its values. */
export type PreparedQuery<Row> = (
  db: Kysely<Database>,
  values: Readonly<Record<string, string | number>>,
) => Promise<Row[]>

/**
 * Writes a query out once, to run it often: writing one out takes longer than SQLite takes to run it.
 *
 * @throws TypeError, when it is run, where a value is missing.
 */
export function prepareQuery<Row>(query: Compilable<Row>): PreparedQuery<Row> {
  const compiled = query.compile()
  return async (db, values) => {
    const parameters = compiled.parameters.map((value) =>
      value instanceof Slot ? fill(value, values) : value,
    )
    return (await db.executeQuery<Row>({ ...compiled, parameters })).rows
  }
}

/** The same for a query of all databases: it is written out with its first use. */
export function prepareOnce<Row>(write: (db: Kysely<Database>) => Compilable<Row>): PreparedQuery<Row> {
  let prepared: PreparedQuery<Row> | undefined
  return (db, values) => (prepared ??= prepareQuery(write(db)))(db, values)
}

function fill({ name }: Slot, values: Readonly<Record<string, string | number>>): string | number {
  const value = values[name]
  if (value === undefined) throw new TypeError(`the query wants a value for "${name}"`)
  return value
}
