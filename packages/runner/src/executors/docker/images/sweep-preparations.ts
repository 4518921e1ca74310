import type Docker from 'dockerode'
import { join } from 'node:path'
import type { Logger } from '../../../logger.js'
import type { EngineAddress } from '../engine-address.js'
import { removeLeft } from '../remove-left.js'
import { PROBE_LABEL } from './probe-container.js'
import { sweepTemporaries } from './temporaries.js'
import type { Traces } from './traces.js'

/** Where preparations leave something. */
export interface PreparationSweep {
  readonly connect: () => Promise<Docker>
  readonly address: EngineAddress
  readonly cacheDirectory: string
  readonly traces: Traces
  readonly logger: Logger
}

/**
 * Removes what an earlier runner of this instance left that was killed while it prepared an image: containers, and what
 * they wrote to. What cannot be removed is logged.
 *
 * @returns whether nothing stays.
 *
 * @throws Error when the engine does not say which containers there are.
 */
export async function sweepPreparations(sweep: PreparationSweep): Promise<boolean> {
  const { connect, address, cacheDirectory, traces, logger } = sweep
  const { staying } = await removeLeft({
    connect,
    address,
    label: `${PROBE_LABEL}=${traces.instance}`,
    isInUse: ({ Names }) => Names.some((name) => traces.inUse.has(name.replace(/^\//, ''))),
    logger,
  })
  // They may write on.
  if (staying.length > 0) return false
  let isDone = true
  for (const folder of ['.', 'images', 'pycache'])
    isDone = (await sweepTemporaries(join(cacheDirectory, folder), traces, logger)) && isDone
  return isDone
}
