import { basename, join } from 'node:path'
import * as z from 'zod'
import { askEngine } from '../ask-engine.js'
import { LABELS } from '../container-policy.js'
import { describeEngineError } from '../engine-error.js'
import type { SweepOptions } from '../sweep-containers.js'
import { removeVolume } from './remove-volume.js'

const ANSWER_TIMEOUT_MS = 10_000

const volumesSchema = z.object({
  Volumes: z
    .array(z.object({ Name: z.string(), Labels: z.record(z.string(), z.string()).nullish() }))
    .nullish(),
})

/**
 * Removes the volumes of an instance that nobody uses, once their containers are gone. What cannot be removed is told
 * of, and stays for the next sweep.
 *
 * @returns whether nothing stays.
 *
 * @throws Error when the engine does not say which there are.
 */
export async function sweepVolumes(options: SweepOptions): Promise<boolean> {
  const { connect, address, instance, root, isOurs, logger } = options
  const filters = encodeURIComponent(JSON.stringify({ label: [`${LABELS.instance}=${instance}`] }))
  const { status, text } = await askEngine(address, `/volumes?filters=${filters}`, ANSWER_TIMEOUT_MS)
  if (status !== 200) throw new Error(`the engine answers ${status} when it is asked for its volumes`)
  const { Volumes } = volumesSchema.parse(JSON.parse(text))
  let isDone = true
  for (const { Name, Labels } of Volumes ?? []) {
    if (isOurs(join(root, basename(Labels?.[LABELS.place] ?? '')))) continue
    logger.info(`removing the volume ${Name} that an earlier runner left`)
    try {
      await removeVolume(await connect(), Name)
    } catch (error) {
      logger.warn(`the volume ${Name} that an earlier runner left stays: ${describeEngineError(error)}`)
      isDone = false
    }
  }
  return isDone
}
