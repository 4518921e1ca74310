import { findPathFault, LIMITS } from '@rgrid/protocol'
import { createTarDecoder, type ParsedTarEntry } from 'modern-tar'
import { createHash } from 'node:crypto'
import { createReadStream } from 'node:fs'
import { copyFile, lstat, mkdir, open, readlink, rename, rm } from 'node:fs/promises'
import { dirname, join } from 'node:path'
import type { Readable } from 'node:stream'
import type { Skip } from '../../executor.js'

/** Where the files of an archive go. */
export interface Reception {
  /** An empty directory. */
  readonly workDir: string
  /** What was sent: a file that came back as it was is taken from there, and looks untouched. */
  readonly sentDir: string
  /** More than this is not taken. */
  readonly enoughBytes: number
  readonly skip: Skip
  /** Whether a file is to be taken; of others nothing is told. */
  readonly isWanted: (path: string) => boolean
}

type Header = ParsedTarEntry['header']

const ROOT = 'work'
const ANY_EXECUTABLE = 0o111
// An empty file takes room as well.
const LEAST_BYTES = 4096
// What a name that is no text reads as.
const NO_TEXT = '\u{FFFD}'

/**
 * Unpacks the archive of a script's working directory, of which nothing is trusted: names, kinds and sizes are the
 * script's to choose. Regular files are written below `workDir`, and nothing else is; the folders around them are made
 * anew. What is left out is told to `skip`.
 *
 * @throws Error when the archive ends before its end.
 */
export async function receiveFiles(archive: Readable, reception: Reception): Promise<void> {
  const decoder = createTarDecoder({ strict: true })
  const sent = send(archive, decoder.writable)
  // It fails with the entries, which are read below.
  sent.catch(() => undefined)
  const receiver = createReceiver(reception)
  for await (const entry of decoder.readable) {
    if (await receiver.take(entry)) continue
    archive.destroy()
    return
  }
  await sent
}

async function send(archive: Readable, writable: WritableStream<Uint8Array>): Promise<void> {
  const writer = writable.getWriter()
  try {
    for await (const chunk of archive as AsyncIterable<Uint8Array>) await writer.write(chunk)
    await writer.close()
  } catch (error) {
    await writer.abort(error)
    throw error
  }
}

function createReceiver({ workDir, sentDir, enoughBytes, isWanted, ...reception }: Reception) {
  /** The size of each file that came, by its path. */
  const received = new Map<string, number>()
  let bytes = 0
  let changed = 0
  const skip: Skip = (path, reason) => {
    if (path === '.' || isWanted(path)) reception.skip(path, reason)
  }

  /** Whether a name may be one in the workspace. Of a folder that may not, nothing else is told. */
  const isGood = (path: string): boolean => {
    const fault = findFault(path)
    if (fault === undefined) return true
    const parent = dirname(path)
    if (parent === '.' || findFault(parent) === undefined) skip(path, fault)
    return false
  }
  const receive = async (path: string, { header, body }: ParsedTarEntry): Promise<void> => {
    const target = join(workDir, path)
    await mkdir(dirname(target), { recursive: true })
    const isExecutable = ((header.mode ?? 0) & ANY_EXECUTABLE) !== 0
    const digest = await write(target, body, isExecutable ? 0o755 : 0o644)
    received.set(path, header.size)
    if (await isSame(join(sentDir, path), header.size, digest)) await rename(join(sentDir, path), target)
    else changed++
  }
  const receiveOrSkip = async (path: string, entry: ParsedTarEntry): Promise<void> => {
    try {
      await receive(path, entry)
    } catch {
      // Half a file must not be taken for a whole one.
      await rm(join(workDir, path), { force: true })
      skip(path, 'cannot be stored')
    }
  }
  const isSentLink = async (path: string, { type, linkname }: Header): Promise<boolean> =>
    type === 'symlink' && (await readlink(join(sentDir, path)).catch(() => undefined)) === linkname
  /** The other names of a file that came already are files as well. */
  const link = async (path: string, to: string): Promise<void> => {
    const size = received.get(to)
    if (size === undefined) return skip(path, 'is a link')
    await mkdir(dirname(join(workDir, path)), { recursive: true })
    await copyFile(join(workDir, to), join(workDir, path))
    received.set(path, size)
    changed++
  }

  return {
    /** Takes an entry, or leaves it; gives `false` when no more can be taken. */
    async take(entry: ParsedTarEntry): Promise<boolean> {
      const { header, body } = entry
      const path = toPath(header.name)
      const leave = async (): Promise<true> => {
        await body.cancel()
        return true
      }
      // The other name of a file becomes one of its own here.
      const linked = header.type === 'link' ? received.get(toPath(header.linkname ?? '') ?? '') : undefined
      bytes += Math.max(header.size, linked ?? 0, LEAST_BYTES)
      if (bytes > enoughBytes) {
        skip(path ?? '.', 'over the limit of the disk, and so is what comes after it')
        return false
      }
      if (path === undefined || !isGood(path) || header.type === 'directory') return leave()
      if (header.type !== 'file' && header.type !== 'link') {
        if (!(await isSentLink(path, header))) skip(path, describe(header))
        return leave()
      }
      if (!isWanted(path)) return leave()
      if (changed >= LIMITS.outputFiles) {
        skip(path, `over the limit of ${LIMITS.outputFiles} files`)
        return leave()
      }
      if (header.type === 'link') {
        await link(path, toPath(header.linkname ?? '') ?? '')
        return leave()
      }
      await receiveOrSkip(path, entry)
      return true
    },
  }
}

/** The path in the workspace, or `undefined` for the workspace itself and whatever is not in it. */
function toPath(name: string): string | undefined {
  const path = name.replace(/\/+$/, '')
  return path.startsWith(`${ROOT}/`) ? path.slice(ROOT.length + 1) : undefined
}

const findFault = (path: string): string | undefined =>
  path.includes(NO_TEXT) ? 'cannot be read' : findPathFault(path)

async function write(path: string, body: ReadableStream<Uint8Array>, mode: number): Promise<string> {
  const hash = createHash('sha256')
  await using file = await open(path, 'wx', mode)
  for await (const chunk of body) {
    hash.update(chunk)
    await file.writeFile(chunk)
  }
  return hash.digest('hex')
}

async function isSame(path: string, size: number, digest: string): Promise<boolean> {
  const stats = await lstat(path).catch(() => undefined)
  if (stats?.isFile() !== true || stats.size !== size) return false
  const hash = createHash('sha256')
  for await (const chunk of createReadStream(path) as AsyncIterable<Buffer>) hash.update(chunk)
  return hash.digest('hex') === digest
}

function describe({ type }: Header): string {
  if (type === 'symlink') return 'is a symbolic link'
  if (type === 'fifo') return 'is a FIFO'
  return 'is a device'
}
