import { LIMITS, type FileRef } from '@rgrid/protocol'
import { sql, type Kysely } from 'kysely'
import { outputsTooLarge } from '../faults.js'
import type { FencedRow } from './fence-attempt.js'
import type { Database } from './schema.js'
import { insertArtifacts, toFileColumns } from './sqlite-artifacts.js'

type Attempt = Pick<FencedRow, 'id' | 'attempt'>

const BATCH = 500

/**
 * Notes files that an attempt has made, until it ends.
 *
 * @throws RGridError `too_large` when they are too many for one attempt.
 */
export async function stageOutputs(
  trx: Kysely<Database>,
  row: Attempt,
  files: readonly FileRef[],
): Promise<void> {
  const rows = files.map((file) => ({ execution_id: row.id, attempt: row.attempt, ...toFileColumns(file) }))
  for (let start = 0; start < rows.length; start += BATCH)
    await trx
      .replaceInto('staged_outputs')
      .values(rows.slice(start, start + BATCH))
      .execute()
  assertFit(await measureStaged(trx, row))
}

/**
 * Makes what an attempt has made the output files of its execution, with the last of them.
 *
 * @throws RGridError `too_large` when they are too many for one attempt.
 */
export async function bringOutputsHome(
  trx: Kysely<Database>,
  project: string,
  row: Attempt,
  last: readonly FileRef[],
): Promise<void> {
  await insertArtifacts(trx, project, row.id, 'output', last)
  const { count, bytes } = await measureStaged(trx, row)
  assertFit({
    count: count + last.length,
    bytes: last.reduce((sum, { size }) => sum + size, bytes ?? 0),
  })
  if (count === 0) return
  await trx
    .insertInto('artifacts')
    .columns(['project', 'execution_id', 'kind', 'path', 'sha256', 'size', 'executable'])
    .expression(
      trx
        .selectFrom('staged_outputs')
        .select(sql.val(project).as('project'))
        .select(['execution_id', sql.lit('output').as('kind'), 'path', 'sha256', 'size', 'executable'])
        .where('execution_id', '=', row.id)
        .where('attempt', '=', row.attempt),
    )
    // The last word on a path is there already.
    .onConflict((conflict) => conflict.doNothing())
    .execute()
  await dropOutputs(trx, row.id)
}

/** Forgets what the attempts of an execution have made. */
export async function dropOutputs(trx: Kysely<Database>, executionId: string): Promise<void> {
  await trx.deleteFrom('staged_outputs').where('execution_id', '=', executionId).execute()
}

interface Measure {
  readonly count: number
  readonly bytes: number | null
}

const measureStaged = (trx: Kysely<Database>, { id, attempt }: Attempt): Promise<Measure> =>
  trx
    .selectFrom('staged_outputs')
    .select((eb) => [eb.fn.countAll<number>().as('count'), eb.fn.sum<number | null>('size').as('bytes')])
    .where('execution_id', '=', id)
    .where('attempt', '=', attempt)
    .executeTakeFirstOrThrow()

function assertFit({ count, bytes }: Measure): void {
  if (count > LIMITS.outputFiles || (bytes ?? 0) > LIMITS.outputBytes) throw outputsTooLarge()
}
