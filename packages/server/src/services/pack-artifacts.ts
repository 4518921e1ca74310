import { LIMITS, type ArtifactRecord } from '@rgrid/protocol'
import { createTarPacker } from 'modern-tar'
import type { Context } from '../context.js'
import { openBlob } from './blobs.js'
import { joinChunks } from './join-chunks.js'

/** Whose files are packed, and when they were made. */
export interface PackedOwner {
  readonly project: string
  readonly time: Date
}

type Packer = ReturnType<typeof createTarPacker>['controller']

// Looking up one file after the other takes longer than sending it.
const LOOKUP_FILES = 200
const CHUNK_BYTES = 64 * 1024

/**
 * Packs files into one tar archive, in the order given, as fast as it is read. When the bytes of one cannot be read, the
 * archive breaks off.
 */
export function packArtifacts(
  context: Context,
  { project, time }: PackedOwner,
  artifacts: readonly ArtifactRecord[],
): ReadableStream<Uint8Array> {
  const { readable, controller } = createTarPacker()
  const pack = async (): Promise<void> => {
    try {
      for (const group of groupForLookup(artifacts))
        await packGroup(context, controller, group, { project, time })
      controller.finalize()
    } catch (error) {
      context.logger.error('an archive of files broke off', { error })
      controller.error(error)
    }
  }
  void pack()
  return joinChunks(readable, CHUNK_BYTES)
}

async function packGroup(
  context: Context,
  packer: Packer,
  group: readonly ArtifactRecord[],
  { project, time }: PackedOwner,
): Promise<void> {
  const found = await context.store.blobs.findMany(
    project,
    group.map(({ sha256 }) => sha256),
  )
  for (const { path, size, executable, sha256 } of group) {
    const entry = packer.add({
      name: path,
      size,
      type: 'file',
      mode: executable ? 0o755 : 0o644,
      mtime: time,
    })
    const data = found.get(sha256)?.data
    const body = data ?? (await openBlob(context, project, sha256)).body
    if (body instanceof ReadableStream) await body.pipeTo(entry)
    else await writeWhole(entry, body)
  }
}

async function writeWhole(entry: WritableStream<Uint8Array>, bytes: Uint8Array): Promise<void> {
  const writer = entry.getWriter()
  await writer.write(new Uint8Array(bytes))
  await writer.close()
}

/** Parts the files into groups that are looked up together: of small files many, but not more bytes than a request has. */
function* groupForLookup(artifacts: readonly ArtifactRecord[]): Generator<ArtifactRecord[], void> {
  let group: ArtifactRecord[] = []
  let bytes = 0
  for (const artifact of artifacts) {
    const isFull = group.length >= LOOKUP_FILES || bytes + artifact.size > LIMITS.inlineTotalBytes
    if (isFull && group.length > 0) {
      yield group
      group = []
      bytes = 0
    }
    group.push(artifact)
    bytes += artifact.size
  }
  if (group.length > 0) yield group
}
