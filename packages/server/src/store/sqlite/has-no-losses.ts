import type { Expression, ExpressionBuilder, SqlBool } from 'kysely'
import type { Database } from './schema.js'

/** One that has lost a file or its log cannot give back what it gave. */
export const hasNoLosses = (eb: ExpressionBuilder<Database, 'executions'>): Expression<SqlBool> =>
  eb.not(
    eb.exists(eb.selectFrom('losses').select('execution_id').whereRef('execution_id', '=', 'executions.id')),
  )
