import { digestsSchema, LIMITS, type Skipped, type WireFile } from '@rgrid/protocol'
import { RETRY_LONG, type Api } from '@rgrid/protocol/client'
import { createHash } from 'node:crypto'
import { constants } from 'node:fs'
import { open, type FileHandle } from 'node:fs/promises'
import { join } from 'node:path'
import { Readable } from 'node:stream'
import type { Place } from '../executors/executor.js'
import { listOutputs, type OutputCandidate } from './list-outputs.js'
import { createSkipList } from './skip-list.js'
import type { Workspace } from './workspace.js'

/** The files of a workspace that go home. Small ones carry their bytes, the others are at the server already. */
export interface Outputs {
  readonly files: WireFile[]
  readonly skipped: Skipped[]
}

const MODE_EXECUTABLE = 0o111n

/**
 * Collects what the script made, after it has stopped: hashes every file and uploads the large ones that the server
 * does not have.
 *
 * @param onUpload - called before the first upload, which may take its time
 * @param bringFiles - brings the files to the workspace where they are elsewhere
 * @throws RGridError when the server cannot store a file.
 */
export async function collectOutputs(
  api: Api,
  workspace: Workspace,
  onUpload: () => Promise<void>,
  bringFiles?: Place['bringFiles'],
): Promise<Outputs> {
  const skips = createSkipList()
  await bringFiles?.((path, reason) => skips.add(path, reason))
  const { candidates } = await listOutputs(workspace, skips)
  const files: WireFile[] = []
  let inlineLeft: number = LIMITS.inlineTotalBytes
  for (const candidate of candidates) {
    const file = await readOutput(workspace.workDir, candidate, inlineLeft).catch(() => undefined)
    if (file === undefined) skips.add(candidate.path, 'cannot be read')
    else if (candidate.input?.sha256 !== file.sha256) files.push(file)
    if (file?.data !== undefined) inlineLeft -= file.size
  }
  const large = files.filter(({ data }) => data === undefined)
  if (large.length > 0) {
    await onUpload()
    await uploadMissing(api, workspace.workDir, large)
  }
  return { files, skipped: skips.read() }
}

async function readOutput(
  workDir: string,
  { path, stats }: OutputCandidate,
  inlineLeft: number,
): Promise<WireFile> {
  await using file = await openOutput(workDir, path)
  const executable = (stats.mode & MODE_EXECUTABLE) !== 0n
  if (stats.size <= BigInt(Math.min(LIMITS.inlineFileBytes, inlineLeft))) {
    const bytes = await file.readFile()
    const sha256 = createHash('sha256').update(bytes).digest('hex')
    return { path, sha256, size: bytes.byteLength, executable, data: bytes.toString('base64') }
  }
  const hash = createHash('sha256')
  let size = 0
  for await (const chunk of file.createReadStream({ autoClose: false }) as AsyncIterable<Buffer>) {
    hash.update(chunk)
    size += chunk.byteLength
  }
  return { path, sha256: hash.digest('hex'), size, executable }
}

/** Opens without following a link and without waiting for a FIFO, should the path have become one. */
function openOutput(workDir: string, path: string): Promise<FileHandle> {
  return open(join(workDir, path), constants.O_RDONLY | constants.O_NOFOLLOW | constants.O_NONBLOCK)
}

async function uploadMissing(api: Api, workDir: string, files: readonly WireFile[]): Promise<void> {
  const byDigest = new Map(files.map((file) => [file.sha256, file]))
  const request = {
    method: 'POST',
    path: '/v1/blobs/missing',
    json: { digests: [...byDigest.keys()] },
  } as const
  const { digests } = await api.call(digestsSchema, request, { retry: RETRY_LONG })
  for (const digest of digests) {
    const file = byDigest.get(digest)
    if (file !== undefined) await uploadFile(api, workDir, file)
  }
}

async function uploadFile(api: Api, workDir: string, { path, sha256, size }: WireFile): Promise<void> {
  await using file = await openOutput(workDir, path)
  const body = (): ReadableStream<Uint8Array> =>
    Readable.toWeb(
      file.createReadStream({ start: 0, end: Math.max(size - 1, 0), autoClose: false }),
    ) as ReadableStream<Uint8Array>
  await api.send({ method: 'PUT', path: `/v1/blobs/${sha256}`, body, bodyBytes: size }, { retry: RETRY_LONG })
}
