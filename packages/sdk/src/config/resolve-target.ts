import { getUserPaths, upFileSchema, type UpFile } from '@rgrid/protocol'
import { homedir } from 'node:os'
import type { ClientOptions } from '../types.js'
import { readApiKey } from './credentials.js'
import { readOptional } from './read-optional.js'
import { findProjectConfig, readConfig } from './read-config.js'

/** Where a client connects, and who said so. */
export interface Target {
  /** `undefined` means embedded. */
  readonly url: string | undefined
  readonly apiKey: string | undefined
  /** Which of the sources decided: `options`, `RGRID_URL`, a file's path, `rgrid up` or `default`. */
  readonly source: string
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
    const key = apiKey ?? env['RGRID_API_KEY'] ?? (await readApiKey(paths.credentials, named.url))
    return { ...named, apiKey: key }
  }
  const up = await readUpFile(paths.up)
  if (up !== undefined) return { url: up.url, apiKey: up.apiKey, source: 'rgrid up' }
  return { url: undefined, apiKey: undefined, source: 'default' }

  async function findUrl(): Promise<{ url: string; source: string } | undefined> {
    if (url !== undefined) return { url, source: 'options' }
    if (env['RGRID_URL']) return { url: env['RGRID_URL'], source: 'RGRID_URL' }
    for (const file of [await findProjectConfig(cwd), paths.config]) {
      const config = file === undefined ? undefined : await readConfig(file)
      if (file !== undefined && config?.url !== undefined) return { url: config.url, source: file }
    }
    return undefined
  }
}

/** Reads what a running `rgrid up` left; a file that a killed one left behind counts for nothing. */
async function readUpFile(path: string): Promise<UpFile | undefined> {
  const text = await readOptional(path)
  if (text === undefined) return undefined
  const up = upFileSchema.safeParse(tryParse(text))
  return up.success && isAlive(up.data.pid) ? up.data : undefined
}

function tryParse(text: string): unknown {
  try {
    return JSON.parse(text)
  } catch {
    return undefined
  }
}

function isAlive(pid: number): boolean {
  try {
    return process.kill(pid, 0)
  } catch (error) {
    return error instanceof Error && 'code' in error && error.code === 'EPERM'
  }
}
