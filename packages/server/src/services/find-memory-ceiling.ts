import { LIMITS } from '@rgrid/protocol'
import type { Context } from '../context.js'
import { listConnected } from './fleet.js'

/**
 * The most memory, in MiB, that an execution may be given when it is tried again: what this server allows, and what one
 * of the connected runners has, as more would be waited for in vain.
 */
export async function findMemoryCeiling(context: Context, project: string): Promise<number> {
  const allowed = context.ceilings.memoryMib ?? LIMITS.memoryMaxMib
  const runners = await listConnected(context, project, context.pool)
  const offered = runners.flatMap(({ offers }) => offers.map(({ resources }) => resources?.memoryMib ?? 0))
  return Math.min(allowed, Math.max(0, ...offered))
}
