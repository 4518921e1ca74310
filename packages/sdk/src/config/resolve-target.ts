import { getUserPaths } from '@rgrid/protocol'
import { homedir } from 'node:os'
import type { ClientOptions } from '../types.js'
import { readApiKey, toOrigin } from './credentials.js'
import { findProjectConfig, readConfig } from './read-config.js'
import { readUpFile } from './read-up-file.js'

/** Where a client connects, and who said so. */
export interface Target {
  /** `undefined` means embedded. */
  readonly url: string | undefined
  readonly apiKey: string | undefined
  /** Which of the sources decided: `options`, `RGRID_URL`, a file's path, `rgrid up` or `default`. */
  readonly source: string
  /** Whether `RGRID_API_KEY` was left out, because nobody but a project's file names the server. */
  readonly isKeyWithheld?: boolean
}

/** What the resolution reads, beside files. */
export interface Surroundings {
  readonly env: Readonly<Record<string, string | undefined>>
  readonly cwd: string
}

/**
 * Decides where a client connects: options, else `RGRID_URL`, else the project's `.rgrid/config.toml`, else the
 * user's profile, else a running `rgrid up`, else embedded.
 *
 * @throws RGridError `invalid_config` naming the file and the field that is wrong.
 */
export async function resolveTarget(
  { url, apiKey }: ClientOptions = {},
  { env, cwd }: Surroundings = { env: process.env, cwd: process.cwd() },
): Promise<Target> {
  const paths = getUserPaths(env, homedir())
  const named = await findUrl()
  if (named !== undefined) {
    const { url: server, source, isTrusted } = named
    const fromEnv = env['RGRID_API_KEY'] || undefined
    const given = apiKey ?? (isTrusted ? fromEnv : undefined)
    const key = given ?? (await readApiKey(paths.credentials, server))
    const isKeyWithheld = key === undefined && fromEnv !== undefined
    return { url: server, source, apiKey: key, ...(isKeyWithheld ? { isKeyWithheld } : {}) }
  }
  const up = await readUpFile(paths.up)
  if (up !== undefined) return { url: up.url, apiKey: up.apiKey, source: 'rgrid up' }
  return { url: undefined, apiKey: undefined, source: 'default' }

  async function findUrl(): Promise<Named | undefined> {
    if (url !== undefined) return { url, source: 'options', isTrusted: true }
    if (env['RGRID_URL']) return { url: env['RGRID_URL'], source: 'RGRID_URL', isTrusted: true }
    const project = await findProjectConfig(cwd)
    const projectUrl = project === undefined ? undefined : (await readConfig(project))?.url
    const ownUrl = project === paths.config ? projectUrl : (await readConfig(paths.config))?.url
    if (project !== undefined && projectUrl !== undefined) {
      const isTrusted = ownUrl !== undefined && toOrigin(ownUrl) === toOrigin(projectUrl)
      return { url: projectUrl, source: project, isTrusted }
    }
    return ownUrl === undefined ? undefined : { url: ownUrl, source: paths.config, isTrusted: true }
  }
}

/** A server, who named it, and whether that was the user: a project's file may come from anybody. */
interface Named {
  readonly url: string
  readonly source: string
  readonly isTrusted: boolean
}
