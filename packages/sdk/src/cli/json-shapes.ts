import type { ExecutionEnd } from '../execution/create-result.js'
import type { Artifact, LogPiece } from '../types.js'

/** A piece of output as JSON; `base64` is there where `text` is not the exact bytes. */
export function toLogJson({ stream, attempt, text, bytes, at, gapBytes }: LogPiece): Record<string, unknown> {
  const exact = Buffer.from(bytes)
  return {
    type: 'log',
    stream,
    attempt,
    at: at.toISOString(),
    text,
    ...(exact.equals(Buffer.from(text)) ? {} : { base64: exact.toString('base64') }),
    ...(gapBytes === 0 ? {} : { gapBytes }),
  }
}

/** A result as JSON: everything but the output itself. */
export function toResultJson(result: ExecutionEnd): Record<string, unknown> {
  const {
    id,
    status,
    cause,
    ok,
    exitCode,
    signal,
    message,
    skipped,
    notes,
    cache,
    usage,
    timings,
    costMicrons,
  } = result
  const artifacts = result.artifacts.map(toArtifactJson)
  const { runtime, executor, image, resources, network, isolation, phases, retryOf, attempts } = result.record
  return {
    id,
    status,
    cause,
    ok,
    exitCode,
    signal,
    message,
    runtime,
    executor,
    image,
    resources,
    network,
    isolation,
    retryOf,
    cache,
    attempts,
    phases,
    artifacts,
    skipped,
    notes,
    usage,
    timings,
    costMicrons,
  }
}

/** A file of an execution as JSON. */
export const toArtifactJson = ({
  path,
  size,
  sha256,
  kind,
  executable,
}: Artifact): Record<string, unknown> => ({ path, size, sha256, kind, executable })
