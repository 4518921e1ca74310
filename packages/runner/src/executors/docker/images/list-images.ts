import * as z from 'zod'
import { askEngine } from '../ask-engine.js'
import type { EngineAddress } from '../engine-address.js'

/** An image on the engine's machine. */
export interface ListedImage {
  /** The engine's id of it. */
  readonly id: string
  /** What the engine calls it, by tags and digests. */
  readonly names: readonly string[]
}

const ANSWER_TIMEOUT_MS = 10_000

const listSchema = z.array(
  z.object({
    Id: z.string(),
    RepoTags: z.array(z.string()).nullish(),
    RepoDigests: z.array(z.string()).nullish(),
  }),
)

/**
 * Asks the engine for all of its images at once.
 *
 * @throws Error when it does not answer.
 */
export async function listImages(address: EngineAddress): Promise<ListedImage[]> {
  const { status, text } = await askEngine(address, '/images/json', ANSWER_TIMEOUT_MS)
  if (status !== 200) throw new Error(`the Docker engine does not list its images: ${text.trim()}`)
  const listed = listSchema.parse(JSON.parse(text))
  return listed.map(({ Id, RepoTags, RepoDigests }) => ({
    id: Id,
    names: [...(RepoTags ?? []), ...(RepoDigests ?? [])],
  }))
}
