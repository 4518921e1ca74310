import { randomUUID } from 'node:crypto'
import { lstat, mkdir, open, rename, rm } from 'node:fs/promises'
import { basename, dirname, join, resolve, sep } from 'node:path'
import { findPathFault, RGridError } from '@rgrid/protocol'

const EXECUTABLE = 0o755
const PLAIN = 0o644

/**
 * Writes a file as a whole: first beside its place, then moved there, so that a reader never sees half of it.
 *
 * @throws RGridError `invalid_request` when a directory is in its place.
 */
export async function saveFile(
  path: string,
  body: AsyncIterable<Uint8Array>,
  executable: boolean,
): Promise<void> {
  await mkdir(dirname(path), { recursive: true })
  await assertNoFolder(path)
  const temporary = join(dirname(path), `.${basename(path).slice(0, 200)}.${randomUUID()}.tmp`)
  try {
    await using file = await open(temporary, 'wx', executable ? EXECUTABLE : PLAIN)
    for await (const chunk of body) await file.writeFile(chunk)
    await rename(temporary, path)
  } finally {
    await rm(temporary, { force: true })
  }
}

async function assertNoFolder(path: string): Promise<void> {
  const stats = await lstat(path).catch(() => undefined)
  if (stats?.isDirectory() !== true) return
  throw new RGridError(
    'invalid_request',
    `${JSON.stringify(basename(path))} was not saved: ${path} is a directory, which is in its way: move it elsewhere`,
  )
}

/**
 * The place of a workspace path below a directory.
 *
 * @throws RGridError `invalid_request` when the path leads out of the directory, by itself or through a link.
 */
export async function resolveBelow(directory: string, path: string): Promise<string> {
  const root = resolve(directory)
  const target = join(root, path)
  const fault = findPathFault(path) ?? (isReserved(path) ? 'is kept for RGrid' : undefined)
  if (fault !== undefined || !target.startsWith(root.endsWith(sep) ? root : root + sep))
    throw new RGridError(
      'invalid_request',
      `${JSON.stringify(path)} ${fault ?? 'leads out of its directory'}: it was not saved`,
    )
  const parts = path.split('/')
  for (let depth = 1; depth < parts.length; depth++)
    await assertFolder(join(root, ...parts.slice(0, depth)), path)
  return target
}

/** The configuration in it decides where scripts and keys are sent, so no script may write it. */
const isReserved = (path: string): boolean => path.toLowerCase().split('/')[0] === '.rgrid'

async function assertFolder(folder: string, path: string): Promise<void> {
  const stats = await lstat(folder).catch(() => undefined)
  if (stats === undefined || stats.isDirectory()) return
  const what = stats.isSymbolicLink() ? 'a symbolic link' : 'a file'
  throw new RGridError(
    'invalid_request',
    `${JSON.stringify(path)} was not saved: ${folder} is ${what}, not a directory`,
  )
}
