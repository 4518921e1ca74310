import { constants } from 'node:fs'
import { access, realpath } from 'node:fs/promises'
import { delimiter, isAbsolute, join } from 'node:path'

/**
 * Finds the runner's own uv: what `RGRID_UV` names, else the first on the PATH. An empty `RGRID_UV` means none.
 *
 * @throws TypeError when `RGRID_UV` does not name a program by its absolute path.
 */
export async function findUv(env: NodeJS.ProcessEnv = process.env): Promise<string | undefined> {
  const named = env['RGRID_UV']
  if (named === '') return undefined
  if (named !== undefined) {
    if (isAbsolute(named) && (await isExecutable(named))) return realpath(named)
    throw new TypeError(`RGRID_UV is "${named}", which is not the absolute path of a program`)
  }
  for (const folder of (env['PATH'] ?? '').split(delimiter).filter((part) => isAbsolute(part))) {
    const candidate = join(folder, 'uv')
    if (await isExecutable(candidate)) return realpath(candidate)
  }
  return undefined
}

const isExecutable = (file: string): Promise<boolean> =>
  access(file, constants.X_OK).then(
    () => true,
    () => false,
  )
