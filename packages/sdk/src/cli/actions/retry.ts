import type { CliContext } from '../context.js'
import { carryOut, type CarryOutFlags } from './run.js'

/** Runs an execution that has ended again, and resolves with the exit code of the new one. */
export const retry = (context: CliContext, id: string, flags: CarryOutFlags): Promise<number> =>
  carryOut(context, (client) => client.retry(id), flags)
