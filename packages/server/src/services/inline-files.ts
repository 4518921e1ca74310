import { LIMITS, RGridError, type FileRef, type WireFile } from '@rgrid/protocol'
import { createHash } from 'node:crypto'
import type { InlineBlob } from '../store/execution-store.js'
import { digestMismatch } from '../store/faults.js'

/**
 * Parts files from the bytes that some of them brought along, which are checked against digest and size.
 *
 * @throws RGridError `digest_mismatch` or `too_large`.
 */
export function splitInline(files: readonly WireFile[]): { refs: FileRef[]; inline: InlineBlob[] } {
  const refs: FileRef[] = []
  const inline: InlineBlob[] = []
  let total = 0
  for (const { data, ...ref } of files) {
    refs.push(ref)
    if (data === undefined) continue
    const bytes = Buffer.from(data, 'base64')
    total += bytes.byteLength
    if (bytes.byteLength !== ref.size || sha256Of(bytes) !== ref.sha256) throw digestMismatch(`"${ref.path}"`)
    inline.push({ sha256: ref.sha256, data: bytes })
  }
  if (total > LIMITS.inlineTotalBytes)
    throw new RGridError(
      'too_large',
      `the files inside the request are over the limit of ${LIMITS.inlineTotalBytes} bytes together: upload some with PUT /v1/blobs/{sha256}`,
    )
  return { refs, inline }
}

/** The SHA-256 of bytes or text, in lowercase hex. */
export const sha256Of = (bytes: Uint8Array | string): string =>
  createHash('sha256').update(bytes).digest('hex')
