import type { Api } from '@rgrid/protocol/client'
import { RETRY_LONG } from '@rgrid/protocol/client'
import { createHash, randomUUID } from 'node:crypto'
import { createWriteStream } from 'node:fs'
import { access, mkdir, rename, rm } from 'node:fs/promises'
import { join } from 'node:path'
import { Readable, Transform } from 'node:stream'
import { pipeline } from 'node:stream/promises'
import type { FetchBlob } from './workspace.js'

/**
 * Keeps large input files on the runner's disk by their digest, so that many executions over one file fetch it once.
 *
 * @param directory - the runner's own; made when needed, removed by the runner at its stop
 */
export function createBlobCache(api: Api, directory: string): FetchBlob {
  const underWay = new Map<string, Promise<string>>()

  const fetchBlob = async (sha256: string): Promise<string> => {
    const target = join(directory, sha256)
    if (await exists(target)) return target
    await mkdir(directory, { recursive: true })
    const temporary = join(directory, `${randomUUID()}.tmp`)
    try {
      const response = await api.send(
        { method: 'GET', path: `/v1/blobs/${sha256}`, accept: '*/*' },
        { retry: RETRY_LONG },
      )
      await pipeline(
        Readable.from(response.body ?? []),
        verify(sha256),
        createWriteStream(temporary, { flags: 'wx' }),
      )
      await rename(temporary, target)
      return target
    } finally {
      await rm(temporary, { force: true })
    }
  }

  return (sha256) => {
    const found = underWay.get(sha256)
    if (found !== undefined) return found
    const fetching = fetchBlob(sha256).finally(() => underWay.delete(sha256))
    underWay.set(sha256, fetching)
    return fetching
  }
}

const exists = (path: string): Promise<boolean> =>
  access(path).then(
    () => true,
    () => false,
  )

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
