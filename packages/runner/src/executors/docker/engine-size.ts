import * as z from 'zod'
import { askEngine } from './ask-engine.js'
import type { EngineAddress } from './engine-address.js'

/** What the machine of an engine has, which may be another one or a virtual one. */
export interface EngineSize {
  readonly cpus: number
  readonly memoryMib: number
}

const ANSWER_TIMEOUT_MS = 10_000
const MIB = 1024 * 1024

const infoSchema = z.object({ NCPU: z.number(), MemTotal: z.number() })

/**
 * Asks an engine what its machine has.
 *
 * @throws Error when it does not answer.
 */
export async function readEngineSize(address: EngineAddress): Promise<EngineSize> {
  const { text } = await askEngine(address, '/info', ANSWER_TIMEOUT_MS)
  const { NCPU, MemTotal } = infoSchema.parse(JSON.parse(text))
  return { cpus: NCPU, memoryMib: Math.floor(MemTotal / MIB) }
}
