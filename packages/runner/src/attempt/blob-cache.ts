import { LIMITS } from '@rgrid/protocol'
import type { Api } from '@rgrid/protocol/client'
import { RETRY_LONG } from '@rgrid/protocol/client'
import { createHash, randomUUID } from 'node:crypto'
import { createWriteStream } from 'node:fs'
import { mkdir, rename, rm, statfs } from 'node:fs/promises'
import { join } from 'node:path'
import { Readable, Transform } from 'node:stream'
import { pipeline } from 'node:stream/promises'
import type { FetchBlob } from './place-file.js'

// The rest of the disk is for what scripts write.
const FREE_SHARE = 0.25
// Executions may share it.
const READ_ONLY = 0o444

interface Entry {
  readonly size: number
  readonly path: Promise<string>
  holders: number
}

/**
 * Keeps large input files on the runner's disk by their digest, so that many executions over one file fetch it once. What
 * was used longest ago goes first when they are too many; what is held stays.
 *
 * @param directory - the runner's own; made when needed, removed by the runner at its stop
 * @param maxBytes - default: `LIMITS.blobCacheBytes`, or a quarter of the free space where that is less
 */
export function createBlobCache(api: Api, directory: string, maxBytes?: number): FetchBlob {
  // In the order of their last use.
  const entries = new Map<string, Entry>()
  const leaving = new Map<string, Promise<void>>()
  let limit: Promise<number> | undefined

  const fetchBlob = async (sha256: string): Promise<string> => {
    const target = join(directory, sha256)
    // The same file may be on its way out.
    await leaving.get(sha256)
    await mkdir(directory, { recursive: true })
    limit ??= maxBytes === undefined ? measureLimit(directory) : Promise.resolve(maxBytes)
    const temporary = join(directory, `${randomUUID()}.tmp`)
    try {
      const response = await api.send(
        { method: 'GET', path: `/v1/blobs/${sha256}`, accept: '*/*' },
        { retry: RETRY_LONG },
      )
      await pipeline(
        Readable.from(response.body ?? []),
        verify(sha256),
        createWriteStream(temporary, { flags: 'wx', mode: READ_ONLY }),
      )
      await rename(temporary, target)
      return target
    } finally {
      await rm(temporary, { force: true })
    }
  }

  const evict = async (): Promise<void> => {
    const most = (await limit) ?? LIMITS.blobCacheBytes
    let total = [...entries.values()].reduce((sum, { size }) => sum + size, 0)
    for (const [sha256, { size, holders }] of entries) {
      if (total <= most) return
      if (holders > 0) continue
      // Forgotten first: whoever wants it from here on fetches it anew.
      entries.delete(sha256)
      total -= size
      const removal = rm(join(directory, sha256), { force: true }).finally(() => leaving.delete(sha256))
      leaving.set(sha256, removal)
      await removal
    }
  }
  let evicting = Promise.resolve()
  const evictInTurn = (): Promise<void> => (evicting = evicting.then(evict, evict))

  return async (sha256, size) => {
    const entry = entries.get(sha256) ?? { size, path: fetchBlob(sha256), holders: 0 }
    entries.delete(sha256)
    entries.set(sha256, entry)
    entry.holders += 1
    const release = async (): Promise<void> => {
      entry.holders -= 1
      await evictInTurn()
    }
    try {
      return { path: await entry.path, [Symbol.asyncDispose]: release }
    } catch (error) {
      if (entries.get(sha256) === entry) entries.delete(sha256)
      throw error
    }
  }
}

async function measureLimit(directory: string): Promise<number> {
  const { bavail, bsize } = await statfs(directory)
  return Math.min(LIMITS.blobCacheBytes, FREE_SHARE * bavail * bsize)
}

function verify(sha256: string): Transform {
  const hash = createHash('sha256')
  return new Transform({
    transform(chunk: Uint8Array, _encoding, done) {
      hash.update(chunk)
      done(null, chunk)
    },
    flush(done) {
      const digest = hash.digest('hex')
      done(digest === sha256 ? null : new Error(`the blob ${sha256} arrived with the digest ${digest}`))
    },
  })
}
