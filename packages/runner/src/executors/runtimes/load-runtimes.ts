import { RGridError } from '@rgrid/protocol'
import { readFile } from 'node:fs/promises'
import { parseImages } from './parse-images.js'
import { parseRuntimes } from './parse-runtimes.js'
import { DEFAULT_RUNTIMES, getEntry, type RuntimeTable } from './runtime-table.js'

/**
 * Makes the table of runtimes from the environment: `RGRID_RUNTIMES` names a JSON file, and `RGRID_IMAGES` replaces
 * images, also those of the file.
 *
 * @throws RGridError `invalid_config` when either is wrong, naming the field.
 */
export async function loadRuntimes(env: NodeJS.ProcessEnv = process.env): Promise<RuntimeTable> {
  const file = env['RGRID_RUNTIMES'] ?? ''
  const table = file === '' ? DEFAULT_RUNTIMES : await readRuntimes(file)
  return withImages(table, env['RGRID_IMAGES'] ?? '')
}

async function readRuntimes(file: string): Promise<RuntimeTable> {
  try {
    return parseRuntimes(await readFile(file, 'utf8'))
  } catch (error) {
    throw toConfigError(`RGRID_RUNTIMES: ${file}`, error)
  }
}

function withImages(table: RuntimeTable, text: string): RuntimeTable {
  try {
    const images = Object.entries(parseImages(text, Object.keys(table)))
    const changed = images.map(
      ([runtime, image]) => [runtime, { ...getEntry(table, runtime), image }] as const,
    )
    return { ...table, ...Object.fromEntries(changed) }
  } catch (error) {
    throw toConfigError('RGRID_IMAGES', error)
  }
}

const toConfigError = (where: string, error: unknown): RGridError =>
  new RGridError('invalid_config', `${where}: ${error instanceof Error ? error.message : String(error)}`, {
    cause: error,
  })
