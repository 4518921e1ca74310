import { RGridError } from '@rgrid/protocol'
import { access } from 'node:fs/promises'
import { dirname, join } from 'node:path'
import * as z from 'zod'
import { readOptional } from './read-optional.js'

const configSchema = z.strictObject({ url: z.string().optional() })

/** What a configuration file may say. */
export type Config = z.infer<typeof configSchema>

const SECRET = /key|token|secret|password/i

/** Finds the `.rgrid/config.toml` of the project that `cwd` is in: the nearest one upwards. */
export async function findProjectConfig(cwd: string): Promise<string | undefined> {
  const file = join(cwd, '.rgrid', 'config.toml')
  const found = await access(file).then(
    () => true,
    () => false,
  )
  if (found) return file
  return dirname(cwd) === cwd ? undefined : findProjectConfig(dirname(cwd))
}

/**
 * Reads a configuration file; `undefined` when it is not there.
 *
 * @throws RGridError `invalid_config` when it is not TOML, has an unknown field, or holds a secret.
 */
export async function readConfig(path: string): Promise<Config | undefined> {
  const text = await readOptional(path)
  if (text === undefined) return undefined
  const table = await parseToml(path, text)
  const secret = Object.keys(table).find((name) => SECRET.test(name))
  if (secret !== undefined)
    throw new RGridError(
      'invalid_config',
      `${path} holds "${secret}", but no secrets may be in it: put the API key into RGRID_API_KEY`,
    )
  const config = configSchema.safeParse(table)
  if (config.success) return config.data
  throw new RGridError('invalid_config', `${path}: ${z.prettifyError(config.error).replaceAll('\n', ' ')}`)
}

/** Parses TOML. @throws RGridError `invalid_config` naming the file. */
export async function parseToml(path: string, text: string): Promise<Record<string, unknown>> {
  const { parse } = await import('smol-toml')
  try {
    return parse(text)
  } catch (error) {
    const reason = error instanceof Error ? (error.message.split('\n')[0] ?? '') : String(error)
    throw new RGridError('invalid_config', `${path} is not valid TOML: ${reason}`, { cause: error })
  }
}
