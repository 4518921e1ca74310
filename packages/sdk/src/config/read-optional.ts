import { RGridError } from '@rgrid/protocol'
import { readFile } from 'node:fs/promises'

/**
 * Reads a text file; `undefined` when it is not there.
 *
 * @throws RGridError `invalid_config` when it is there but cannot be read.
 */
export async function readOptional(path: string): Promise<string | undefined> {
  try {
    return await readFile(path, 'utf8')
  } catch (error) {
    if (error instanceof Error && 'code' in error && (error.code === 'ENOENT' || error.code === 'ENOTDIR'))
      return undefined
    throw new RGridError('invalid_config', `${path} cannot be read: ${String(error)}`, { cause: error })
  }
}
