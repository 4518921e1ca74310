import { isAbsolute, relative, sep } from 'node:path'

/** The path below `cwd`, parted by `/`, or `undefined` when it is not below it. */
export function toWithin(cwd: string, source: string): string | undefined {
  const path = relative(cwd, source)
  return path === '' || path === '..' || path.startsWith(`..${sep}`) || isAbsolute(path)
    ? undefined
    : toPosix(path)
}

/** A path of this machine as workspaces write it. */
export const toPosix = (path: string): string => path.split(sep).join('/').replace(/\/+$/, '')
