import { RGridError } from '@rgrid/protocol'
import { createApi, type Api } from '@rgrid/protocol/client'
import { resolveTarget } from './config/resolve-target.js'
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
  const { url, apiKey } = await resolveTarget(options)
  if (url === undefined) return connectEmbedded()
  if (apiKey === undefined)
    throw new RGridError(
      'unauthenticated',
      `there is no API key for ${url}: set RGRID_API_KEY, or keep one with: rgrid init --url ${url}`,
    )
  return {
    api: createApi({ url, apiKey, fetch: options.fetch }),
    target: url,
    close: () => Promise.resolve(),
  }
}

async function connectEmbedded(): Promise<Connection> {
  const { createEmbedded } = await (await import('./load-embedded.js')).loadEmbedded()
  const embedded = await createEmbedded()
  return { api: createApi(embedded), target: 'embedded', close: () => embedded.close() }
}
