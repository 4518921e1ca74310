import { stat } from 'node:fs/promises'
import { resolve } from 'node:path'
import { toWithin } from './within.js'

/** The arguments that name a directory which is not below `cwd`: they do not travel, and stay as they are written. */
export async function findOutsideFolders(cwd: string, args: readonly string[]): Promise<string[]> {
  const found = await Promise.all(args.map((arg) => isOutsideFolder(cwd, arg)))
  return args.filter((_, index) => found[index])
}

async function isOutsideFolder(cwd: string, arg: string): Promise<boolean> {
  if (arg === '' || arg.includes('\0') || !/[\\/]|^\.\.?$/.test(arg)) return false
  const source = resolve(cwd, arg)
  if (source === resolve(cwd) || toWithin(cwd, source) !== undefined) return false
  return stat(source).then(
    (stats) => stats.isDirectory(),
    () => false,
  )
}
