import { RGridError } from '@rgrid/protocol'
import { createHash, randomUUID } from 'node:crypto'
import { mkdir, open, readdir, rename, rm, stat, type FileHandle } from 'node:fs/promises'
import { join } from 'node:path'
import { Readable } from 'node:stream'
import { digestMismatch } from '../store/faults.js'
import type { BlobStore } from './blob-store.js'

const LEFTOVER_MS = 3_600_000
const SHA256 = /^[0-9a-f]{64}$/
const HEX_PAIR = /^[0-9a-f]{2}$/
const OUT_OF_SPACE = ['ENOSPC', 'EDQUOT']

/** Where the blobs are. */
export interface DiskBlobsOptions {
  /**
   * Made when it is not there. On one file system, as blobs are moved within it, and for one store: what that does not know
   * is removed some day.
   */
  readonly directory: string
  /**
   * The clock that says what arrived lately: milliseconds since 1970.
   *
   * @default Date.now
   */
  readonly now?: () => number
}

/** Makes a {@link BlobStore} in a directory: `aa/bb/<sha256>`, and `tmp/` for what is on its way. */
export function createDiskBlobs({ directory, now = Date.now }: DiskBlobsOptions): BlobStore {
  const tmp = join(directory, 'tmp')
  let prepared: Promise<void> | undefined
  const prepare = (): Promise<void> =>
    (prepared ??= prepareDirectory(tmp).catch((error: unknown) => {
      prepared = undefined
      throw error
    }))

  return {
    async put(sha256, body, { maxBytes }) {
      await prepare()
      const path = join(tmp, randomUUID())
      try {
        const { size, digest } = await writeFile(path, body, maxBytes)
        if (digest !== sha256) throw digestMismatch(`blob ${sha256}`)
        await moveIntoPlace(directory, path, sha256)
        return { size }
      } catch (error) {
        await rm(path, { force: true })
        throw isOutOfSpace(error) ? storageFull(error) : error
      }
    },

    async open(sha256) {
      const file = await openIfThere(pathOf(directory, sha256))
      if (file === undefined) return undefined
      return Readable.toWeb(file.createReadStream()) as ReadableStream<Uint8Array>
    },

    has: async (sha256) => (await findAge(pathOf(directory, sha256), now)) !== undefined,

    async discard(sha256) {
      await prepare()
      const path = pathOf(directory, sha256)
      const age = await findAge(path, now)
      if (age === undefined || age < LEFTOVER_MS) return { freed: Promise.resolve() }
      // Freeing the space of a large file takes a while; should it be cut off, it is a leftover like others.
      const leftover = join(tmp, randomUUID())
      await rename(path, leftover)
      return { freed: rm(leftover, { force: true }) }
    },

    async *list(part) {
      for (const folder of await listFolders(directory, part)) {
        const digests: string[] = []
        for (const name of await readdir(folder)) {
          const age = SHA256.test(name) ? await findAge(join(folder, name), now) : undefined
          if (age !== undefined && age >= LEFTOVER_MS) digests.push(name)
        }
        if (digests.length > 0) yield digests
      }
    },

    check: prepare,
  }
}

/** The folders of blobs whose digest begins with a hex digit. */
async function listFolders(directory: string, digit: number): Promise<string[]> {
  const folders: string[] = []
  for (const name of await readdirIfThere(directory)) {
    if (!HEX_PAIR.test(name) || !name.startsWith(digit.toString(16))) continue
    for (const inner of await readdir(join(directory, name))) folders.push(join(directory, name, inner))
  }
  return folders
}

async function readdirIfThere(path: string): Promise<string[]> {
  try {
    return await readdir(path)
  } catch (error) {
    if (hasCode(error, ['ENOENT'])) return []
    throw error
  }
}

/** How long ago a file was written, in milliseconds; `undefined` when it is not there. */
async function findAge(path: string, now: () => number): Promise<number | undefined> {
  try {
    return now() - (await stat(path)).mtimeMs
  } catch (error) {
    if (hasCode(error, ['ENOENT'])) return undefined
    throw error
  }
}

const folderOf = (directory: string, sha256: string): string =>
  join(directory, sha256.slice(0, 2), sha256.slice(2, 4))

const pathOf = (directory: string, sha256: string): string => join(folderOf(directory, sha256), sha256)

async function prepareDirectory(tmp: string): Promise<void> {
  await mkdir(tmp, { recursive: true, mode: 0o700 })
  for (const name of await readdir(tmp)) {
    const path = join(tmp, name)
    const { mtimeMs } = await stat(path).catch(() => ({ mtimeMs: Infinity }))
    if (Date.now() - mtimeMs > LEFTOVER_MS) await rm(path, { force: true })
  }
}

async function writeFile(
  path: string,
  body: AsyncIterable<Uint8Array>,
  maxBytes: number,
): Promise<{ size: number; digest: string }> {
  const file = await open(path, 'wx', 0o600)
  try {
    const hash = createHash('sha256')
    let size = 0
    for await (const bytes of body) {
      size += bytes.byteLength
      if (size > maxBytes) throw tooLarge(maxBytes)
      hash.update(bytes)
      await writeAll(file, bytes)
    }
    await file.sync()
    return { size, digest: hash.digest('hex') }
  } finally {
    await file.close()
  }
}

async function writeAll(file: FileHandle, bytes: Uint8Array): Promise<void> {
  for (let offset = 0; offset < bytes.byteLength;) offset += (await file.write(bytes, offset)).bytesWritten
}

async function moveIntoPlace(directory: string, path: string, sha256: string): Promise<void> {
  const folder = folderOf(directory, sha256)
  const firstMade = await mkdir(folder, { recursive: true, mode: 0o700 })
  await rename(path, pathOf(directory, sha256))
  await syncDirectory(folder)
  if (firstMade === undefined) return
  // A new folder is only safe when the folder that names it is.
  await syncDirectory(join(folder, '..'))
  await syncDirectory(directory)
}

async function syncDirectory(path: string): Promise<void> {
  const handle = await open(path, 'r')
  try {
    await handle.sync()
  } finally {
    await handle.close()
  }
}

async function openIfThere(path: string): Promise<FileHandle | undefined> {
  try {
    return await open(path, 'r')
  } catch (error) {
    if (hasCode(error, ['ENOENT'])) return undefined
    throw error
  }
}

const hasCode = (error: unknown, codes: readonly string[]): boolean =>
  error instanceof Error && 'code' in error && codes.includes(String(error.code))

const isOutOfSpace = (error: unknown): boolean => hasCode(error, OUT_OF_SPACE)

const storageFull = (cause: unknown): RGridError =>
  new RGridError(
    'storage_full',
    'the server has no room left for files: free some space on its disk, then send it again',
    { cause },
  )

const tooLarge = (maxBytes: number): RGridError =>
  new RGridError('too_large', `the blob is over the limit of ${maxBytes} bytes`)
