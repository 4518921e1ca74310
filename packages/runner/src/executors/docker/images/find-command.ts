import type { RuntimeEntry } from '../../runtimes/runtime-table.js'
import type { PreparedImage } from './prepared-image.js'

/**
 * What runs a script of a runtime in an image, with the program's absolute path.
 *
 * @returns `undefined` when the image does not have the program.
 */
export function findCommand(
  { command }: Pick<RuntimeEntry, 'command'>,
  { programs }: PreparedImage,
): readonly string[] | undefined {
  const [program = '', ...args] = command
  const path = program.startsWith('/') ? program : programs[program]?.path
  return path === undefined ? undefined : [path, ...args]
}
