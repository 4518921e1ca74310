import { LIMITS, RGridError, type WireFile } from '@rgrid/protocol'
import { createHash } from 'node:crypto'
import { createReadStream } from 'node:fs'
import { readFile, stat } from 'node:fs/promises'
import { codeOf, type ReadScript } from './read-script.js'
import type { LocalFile } from './collect-files.js'

/**
 * Hashes files one after another in constant memory. The first small ones bring their bytes along, as many as fit
 * into one request.
 *
 * @param known - what was read before, by its place on this machine
 * @throws RGridError `invalid_request` when a file cannot be read.
 */
export async function hashFiles(
  files: readonly LocalFile[],
  known: ReadonlyMap<string, ReadScript> = new Map(),
): Promise<WireFile[]> {
  const hashed: WireFile[] = []
  let inlineLeft: number = LIMITS.inlineTotalBytes
  for (const file of files) {
    const wire = await hashFile(file, inlineLeft, known.get(file.source)).catch((error: unknown) => {
      throw new RGridError(
        'invalid_request',
        `files: ${JSON.stringify(file.source)} cannot be read (${codeOf(error)})`,
        { cause: error },
      )
    })
    if (wire.data !== undefined) inlineLeft -= wire.size
    hashed.push(wire)
  }
  return hashed
}

async function hashFile(
  { path, source }: LocalFile,
  inlineLeft: number,
  known: ReadScript | undefined,
): Promise<WireFile> {
  const { size, mode } = known === undefined ? await stat(source) : { ...known, size: known.bytes.byteLength }
  const executable = (mode & 0o111) !== 0
  if (size <= Math.min(LIMITS.inlineFileBytes, inlineLeft)) {
    const bytes = known?.bytes ?? (await readFile(source))
    const sha256 = createHash('sha256').update(bytes).digest('hex')
    return { path, sha256, size: bytes.byteLength, executable, data: bytes.toString('base64') }
  }
  const hash = createHash('sha256')
  let read = 0
  for await (const chunk of createReadStream(source) as AsyncIterable<Buffer>) {
    hash.update(chunk)
    read += chunk.byteLength
  }
  return { path, sha256: hash.digest('hex'), size: read, executable }
}
