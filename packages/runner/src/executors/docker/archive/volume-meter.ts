import * as z from 'zod'
import { askEngine } from '../ask-engine.js'
import type { EngineAddress } from '../engine-address.js'

/** Measures volumes. */
export interface VolumeMeter {
  /** How much is in a volume, as far as the engine says. */
  measure(name: string): Promise<number>
}

const ANSWER_TIMEOUT_MS = 60_000

const usageSchema = z.object({
  Volumes: z
    .array(z.object({ Name: z.string(), UsageData: z.object({ Size: z.number() }).nullish() }))
    .nullish(),
})

/**
 * Makes a meter of the volumes of an engine. The engine measures all of them at once, so all that wait for an answer
 * get the same one.
 */
export function createVolumeMeter(address: EngineAddress): VolumeMeter {
  let asked: Promise<ReadonlyMap<string, number>> | undefined
  const ask = async (): Promise<ReadonlyMap<string, number>> => {
    // Older engines measure the rest as well, and refuse while they do it for somebody else.
    const { status, text } = await askEngine(address, '/system/df?type=volume', ANSWER_TIMEOUT_MS)
    if (status !== 200) return new Map()
    const { Volumes } = usageSchema.parse(JSON.parse(text))
    return new Map((Volumes ?? []).map(({ Name, UsageData }) => [Name, UsageData?.Size ?? 0]))
  }
  return {
    async measure(name) {
      asked ??= ask().finally(() => (asked = undefined))
      return Math.max(0, (await asked).get(name) ?? 0)
    },
  }
}
