import * as z from 'zod'
import { StartError } from '../../executor.js'
import { askEngine } from '../ask-engine.js'
import type { EngineAddress } from '../engine-address.js'
import { isImageId, parseImageName } from './image-name.js'

/** What the engine says of an image. */
export interface InspectedImage {
  readonly id: string
  /** Its own environment. */
  readonly env: Readonly<Record<string, string>>
}

const ANSWER_TIMEOUT_MS = 10_000

const imageSchema = z.object({
  Id: z.string(),
  Config: z.object({ Env: z.array(z.string()).nullish() }).nullish(),
})

/**
 * Asks the engine for an image.
 *
 * @returns `undefined` when it is not on the engine's machine.
 *
 * @throws StartError when the name is none or the engine does not answer.
 */
export async function inspectImage(
  address: EngineAddress,
  name: string,
): Promise<InspectedImage | undefined> {
  if (!isImageId(name)) parseImageName(name)
  const { status, text } = await askEngine(address, `/images/${name}/json`, ANSWER_TIMEOUT_MS).catch(
    (cause: unknown) => {
      throw new StartError('internal', `the Docker engine does not answer: ${String(cause)}`, { cause })
    },
  )
  if (status === 404) return undefined
  if (status !== 200)
    throw new StartError('internal', `the Docker engine says of the image ${name}: ${text.trim()}`)
  const { Id, Config } = imageSchema.parse(JSON.parse(text))
  return { id: Id, env: toRecord(Config?.Env ?? []) }
}

function toRecord(assignments: readonly string[]): Record<string, string> {
  return Object.fromEntries(
    assignments.map((assignment) => {
      const [name = '', ...value] = assignment.split('=')
      return [name, value.join('=')]
    }),
  )
}
