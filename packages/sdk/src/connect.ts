import { getUserPaths, RGridError } from '@rgrid/protocol'
import { createApi, createHttpFetch, type Api } from '@rgrid/protocol/client'
import { homedir } from 'node:os'
import { followUp } from './config/follow-up.js'
import { readUpFile } from './config/read-up-file.js'
import { resolveTarget, type Target } from './config/resolve-target.js'
import type { ClientOptions } from './types.js'

/** A server that can be asked. */
export interface Connection {
  readonly api: Api
  /** A URL, or `embedded`. */
  readonly target: string
  close(): Promise<void>
}

/**
 * Connects to what the configuration names; with nothing configured, to a server and runner in this process.
 *
 * @throws RGridError `invalid_config`, `unauthenticated`, `embedded_missing`
 */
export async function connect(options: ClientOptions): Promise<Connection> {
  const target = await resolveTarget(options)
  const { url, apiKey = '', source } = target
  if (url === undefined) return connectEmbedded()
  const fetch =
    source === 'rgrid up'
      ? followUp(options.fetch ?? createHttpFetch(), { url, apiKey }, readUp)
      : options.fetch
  // What is wrong with the URL goes before what is wrong with the key.
  const api = createApi({ url, apiKey, fetch })
  if (target.apiKey === undefined) throw new RGridError('unauthenticated', explainNoKey(url, target))
  return { api, target: url, close: () => Promise.resolve() }
}

const readUp = (): ReturnType<typeof readUpFile> => readUpFile(getUserPaths(process.env, homedir()).up)

const explainNoKey = (url: string, { source, isKeyWithheld }: Target): string =>
  isKeyWithheld === true
    ? `RGRID_API_KEY is not sent to ${url}, which only ${source} names: if it is your server, set RGRID_URL too, or keep its key with: rgrid init --url ${url}`
    : `there is no API key for ${url}: set RGRID_API_KEY, or keep one with: rgrid init --url ${url}`

async function connectEmbedded(): Promise<Connection> {
  const { createEmbedded } = await (await import('./load-embedded.js')).loadEmbedded()
  const embedded = await createEmbedded()
  return { api: createApi(embedded), target: 'embedded', close: () => embedded.close() }
}
