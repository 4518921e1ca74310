import { RGridError } from '@rgrid/protocol'
import { randomUUID } from 'node:crypto'
import { closeSync, openSync, renameSync, rmSync, writeFileSync } from 'node:fs'
import { lstat, mkdir, open, rename, rm } from 'node:fs/promises'
import { basename, dirname, join } from 'node:path'

const EXECUTABLE = 0o755
const PLAIN = 0o644

const toMode = (isExecutable: boolean): number => (isExecutable ? EXECUTABLE : PLAIN)

// A name of fixed length: one made of the file's own could be longer than the file system takes.
const toTemporary = (folder: string): string => join(folder, `.rgrid-${randomUUID()}.tmp`)

/**
 * Writes a file as a whole: first beside its place, then moved there, so that a reader never sees half of it. Folders
 * above it are made.
 *
 * @throws RGridError `not_saved` when a directory is in its place.
 */
export async function saveFile(
  path: string,
  body: AsyncIterable<Uint8Array>,
  isExecutable: boolean,
): Promise<void> {
  await mkdir(dirname(path), { recursive: true })
  await saveInFolder(dirname(path), basename(path), body, isExecutable)
}

/** Writes a file as {@link saveFile} does, into a folder that is there. */
export async function saveInFolder(
  folder: string,
  name: string,
  body: AsyncIterable<Uint8Array>,
  isExecutable: boolean,
): Promise<void> {
  const temporary = toTemporary(folder)
  try {
    await using file = await open(temporary, 'wx', toMode(isExecutable))
    for await (const chunk of body) await file.writeFile(chunk)
    await rename(temporary, join(folder, name)).catch((error: unknown) => explain(error, folder, name))
  } finally {
    await rm(temporary, { force: true })
  }
}

/** Writes a small file as {@link saveInFolder} does, at once: handing each step to another thread takes longer. */
export async function saveSmallInFolder(
  folder: string,
  name: string,
  bytes: Uint8Array,
  isExecutable: boolean,
): Promise<void> {
  const temporary = toTemporary(folder)
  const file = openSync(temporary, 'wx', toMode(isExecutable))
  try {
    try {
      writeFileSync(file, bytes)
    } finally {
      closeSync(file)
    }
    renameSync(temporary, join(folder, name))
  } catch (error) {
    rmSync(temporary, { force: true })
    await explain(error, folder, name)
  }
}

/** @throws RGridError `not_saved` where a directory is the reason, else the error itself. */
async function explain(error: unknown, folder: string, name: string): Promise<never> {
  const stats = await lstat(join(folder, name)).catch(() => undefined)
  if (stats?.isDirectory() !== true) throw error
  throw new RGridError(
    'not_saved',
    `a directory named ${JSON.stringify(name)} is in its way: move it elsewhere`,
    { cause: error },
  )
}
