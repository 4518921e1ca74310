import { RGridError } from '@rgrid/protocol'
import { randomUUID } from 'node:crypto'
import { mkdir, rename, rm, writeFile } from 'node:fs/promises'
import { dirname } from 'node:path'
import * as z from 'zod'
import { parseToml } from './read-config.js'
import { readOptional } from './read-optional.js'

const credentialsSchema = z.record(z.string(), z.strictObject({ api_key: z.string() }))

/** Reads the API key that is kept for a server; `undefined` when there is none. */
export async function readApiKey(path: string, url: string): Promise<string | undefined> {
  return (await readCredentials(path))[toOrigin(url)]?.api_key
}

/** Keeps the API key of a server, in a file that only its owner may read, replaced as a whole. */
export async function saveApiKey(path: string, url: string, apiKey: string): Promise<void> {
  const { stringify } = await import('smol-toml')
  const credentials = { ...(await readCredentials(path)), [toOrigin(url)]: { api_key: apiKey } }
  await mkdir(dirname(path), { recursive: true, mode: 0o700 })
  const temporary = `${path}.${randomUUID()}`
  try {
    await writeFile(temporary, stringify(credentials), { mode: 0o600, flag: 'wx' })
    await rename(temporary, path)
  } finally {
    await rm(temporary, { force: true })
  }
}

/** What a key belongs to: the server without the path in its URL. */
export const toOrigin = (url: string): string => (URL.canParse(url) ? new URL(url).origin : url)

async function readCredentials(path: string): Promise<z.infer<typeof credentialsSchema>> {
  const text = await readOptional(path)
  if (text === undefined) return {}
  const credentials = credentialsSchema.safeParse(await parseToml(path, text))
  if (credentials.success) return credentials.data
  throw new RGridError('invalid_config', `${path} is not a table of servers with an api_key each`, {
    cause: credentials.error,
  })
}
