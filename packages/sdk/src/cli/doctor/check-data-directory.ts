import { access, constants } from 'node:fs/promises'
import { dirname } from 'node:path'
import { messageOf } from '../errors.js'
import { check, type Check } from './check.js'

/** Whether the data directory can be written, or made where it is not there yet. Changes nothing. */
export async function checkDataDirectory(directory: string): Promise<Check> {
  const fault = await findFault(directory)
  return fault === undefined
    ? check('data', 'ok', directory)
    : check(
        'data',
        'fail',
        `${directory} cannot be written (${fault}): set XDG_DATA_HOME to a directory of yours`,
      )
}

async function findFault(directory: string): Promise<string | undefined> {
  try {
    await access(directory, constants.W_OK | constants.X_OK)
    return undefined
  } catch (error) {
    const isAbsent = error instanceof Error && 'code' in error && error.code === 'ENOENT'
    return isAbsent && dirname(directory) !== directory ? findFault(dirname(directory)) : messageOf(error)
  }
}
