import { readFile } from 'node:fs/promises'
import { homedir } from 'node:os'
import { join } from 'node:path'
import * as z from 'zod'
import { SILENT, type Logger } from '../../../logger.js'
import { StartError } from '../../executor.js'
import { askCredentialHelper } from './credential-helper.js'
import { DOCKER_HUB } from './image-name.js'

/** How the engine introduces itself to a registry; the names are those of its API. */
export interface RegistryAuth {
  readonly username?: string
  readonly password?: string
  readonly identitytoken?: string
  readonly registrytoken?: string
  readonly serveraddress: string
}

/** Credentials of registries. */
export interface RegistryCredentials {
  /**
   * Finds those of a registry, such as `docker.io` or `localhost:5000`.
   *
   * @throws StartError when they are there and cannot be read.
   */
  get(registry: string): Promise<RegistryAuth | undefined>
}

const entrySchema = z.object({
  auth: z.string().optional(),
  username: z.string().optional(),
  password: z.string().optional(),
  identitytoken: z.string().optional(),
  registrytoken: z.string().optional(),
})

const fileSchema = z.object({
  auths: z.record(z.string(), entrySchema).optional(),
  credsStore: z.string().optional(),
  credHelpers: z.record(z.string(), z.string()).optional(),
})

type AuthFile = z.infer<typeof fileSchema>

const HUB_ADDRESS = 'https://index.docker.io/v1/'

/**
 * Credentials from the file that `RGRID_REGISTRY_AUTH` names, and from Docker's own configuration in `DOCKER_CONFIG`,
 * else in `~/.docker`; both have Docker's format. They are read whenever they are needed, so that a `docker login`
 * counts at once.
 */
export function createRegistryCredentials(
  env: NodeJS.ProcessEnv = process.env,
  logger: Logger = SILENT,
): RegistryCredentials {
  const own = env['RGRID_REGISTRY_AUTH'] ?? ''
  const docker = join(env['DOCKER_CONFIG'] || join(homedir(), '.docker'), 'config.json')
  return {
    async get(registry) {
      const found = own === '' ? undefined : await findAuth(await readAuthFile(own, false), registry, env)
      if (found !== undefined) return found
      try {
        return await findAuth(await readAuthFile(docker, true), registry, env)
      } catch (error) {
        // It is not made for RGrid, and the image may need none.
        logger.warn(`pulling without credentials: ${error instanceof Error ? error.message : String(error)}`)
        return undefined
      }
    },
  }
}

// Whatever is wrong in such a file, nothing of it is repeated.
async function readAuthFile(file: string, isOptional: boolean): Promise<AuthFile> {
  const text = await readFile(file, 'utf8').catch((error: unknown) => {
    const code = error instanceof Error && 'code' in error ? String(error.code) : 'an error'
    if (isOptional && code === 'ENOENT') return '{}'
    throw new StartError('image_pull', `the credentials in ${file} cannot be read: ${code}`)
  })
  let json: unknown
  try {
    json = JSON.parse(text)
  } catch {
    throw new StartError('image_pull', `the credentials in ${file} are not JSON`)
  }
  const { success, data } = fileSchema.safeParse(json)
  if (!success)
    throw new StartError(
      'image_pull',
      `the credentials in ${file} are not of the form of Docker's config.json`,
    )
  return data
}

async function findAuth(
  { auths = {}, credHelpers = {}, credsStore }: AuthFile,
  registry: string,
  env: NodeJS.ProcessEnv,
): Promise<RegistryAuth | undefined> {
  const serveraddress = registry === DOCKER_HUB ? HUB_ADDRESS : registry
  const pick = <T>(table: Record<string, T>): T | undefined =>
    Object.entries(table).find(([key]) => toRegistry(key) === registry)?.[1]
  const helper = pick(credHelpers)
  if (helper !== undefined) return askCredentialHelper(helper, serveraddress, env)
  const entry = pick(auths)
  const auth = entry === undefined ? undefined : toAuth(entry, serveraddress)
  if (auth !== undefined || credsStore === undefined) return auth
  return askCredentialHelper(credsStore, serveraddress, env)
}

/** `https://index.docker.io/v1/` → `docker.io` */
function toRegistry(key: string): string {
  const host = key.replace(/^https?:\/\//, '').replace(/\/.*$/, '')
  return /^(?:index\.|registry-1\.)?docker\.io$/.test(host) ? DOCKER_HUB : host
}

function toAuth(entry: z.infer<typeof entrySchema>, serveraddress: string): RegistryAuth | undefined {
  const { auth = '', identitytoken, registrytoken } = entry
  const [, name, word] = /^([^:]*):(.*)$/s.exec(Buffer.from(auth, 'base64').toString()) ?? []
  const username = entry.username ?? name
  const password = entry.password ?? word?.replace(/\0+$/, '')
  if (identitytoken) return { identitytoken, serveraddress, ...(username ? { username } : {}) }
  if (registrytoken) return { registrytoken, serveraddress }
  return username === undefined || password === undefined ? undefined : { username, password, serveraddress }
}
