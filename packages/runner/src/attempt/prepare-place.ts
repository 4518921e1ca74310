import type { Claim, WireFile } from '@rgrid/protocol'
import { readFile } from 'node:fs/promises'
import { StartError, type Executor, type Layer, type Place } from '../executors/executor.js'
import type { FetchBlob } from './place-file.js'
import type { Stopwatch } from './stopwatch.js'

/** What finding a place needs of an attempt. */
export interface PrepareContext {
  readonly executors: readonly Executor[]
  readonly fetchBlob: FetchBlob
  readonly watch: Stopwatch
  readonly onProgress: (message: string) => void
  /** Aborts when nobody wants the place any more. */
  readonly signal: AbortSignal
}

/**
 * Finds a place for a claim, with its dependencies installed.
 *
 * @throws StartError when there is none to be had.
 */
export async function preparePlace(context: PrepareContext, claim: Claim): Promise<Place> {
  const { executors, watch, onProgress, signal } = context
  const { spec, executionId, attempt, project } = claim
  const executor = executors.find(({ name }) => name === claim.executor)
  if (executor === undefined)
    throw new StartError('internal', `this runner has no executor ${claim.executor}`)
  const layer = await install(context, executor, claim)
  watch.lap('dependenciesMs')
  const { runtime, image, resources, network, isolation } = spec
  const place = await executor.prepare({
    executionId,
    attempt,
    project,
    runtime,
    image,
    scriptSha256: spec.files.find(({ path }) => path === spec.script)?.sha256 ?? '',
    resources,
    network,
    isolation,
    layer,
    onProgress,
    signal,
  })
  watch.lap('placeMs')
  return place
}

async function install(
  { fetchBlob, onProgress, signal }: PrepareContext,
  executor: Executor,
  { spec, project }: Claim,
): Promise<Layer | undefined> {
  const { dependencies, runtime, image, script, files } = spec
  if (dependencies === undefined) return undefined
  const read = async ({ data, sha256, size }: WireFile): Promise<Uint8Array> => {
    if (data !== undefined) return Buffer.from(data, 'base64')
    await using blob = await fetchBlob(sha256, size)
    return await readFile(blob.path)
  }
  return executor.install({
    project,
    runtime,
    image,
    dependencies,
    script,
    files,
    readFile: read,
    onProgress,
    signal,
  })
}
