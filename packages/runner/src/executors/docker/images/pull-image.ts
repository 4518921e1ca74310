import type { IncomingMessage } from 'node:http'
import { text as readText } from 'node:stream/consumers'
import * as z from 'zod'
import { StartError } from '../../executor.js'
import type { EngineAddress } from '../engine-address.js'
import { callEngine } from './call-engine.js'
import { isImageId, parseImageName } from './image-name.js'
import { toPullError, type PullFailure } from './pull-failure.js'
import { createPullProgress, pullLineSchema } from './pull-progress.js'
import type { RegistryAuth, RegistryCredentials } from './registry-credentials.js'
import type { Waiter } from './shared-tasks.js'

/** How images are pulled. */
export interface PullOptions {
  readonly address: EngineAddress
  readonly credentials: RegistryCredentials
  /** How long a pull may take. */
  readonly timeoutMs: number
}

/**
 * Pulls an image. The engine stops to when the signal aborts.
 *
 * @throws StartError saying what the registry said; the signal's reason when that aborts.
 */
export async function pullImage(name: string, options: PullOptions, waiter: Waiter): Promise<void> {
  if (isImageId(name))
    throw new StartError('image_pull', `the image ${name} is not on this machine, and an id cannot be pulled`)
  const { registry } = parseImageName(name)
  const auth = await options.credentials.get(registry)
  const deadline = AbortSignal.timeout(options.timeoutMs)
  const signal = AbortSignal.any([waiter.signal, deadline])
  const fail = (message: string, cause?: unknown): StartError =>
    toPullError({ name, registry, auth, message, cause } satisfies PullFailure)
  let last = `pulling ${name}`
  const onProgress = (message: string): void => {
    last = message
    waiter.onProgress(message)
  }
  try {
    const response = await askForImage(name, auth, options.address, signal)
    if (response.statusCode !== 200) throw fail(toMessage(await readText(response)))
    await follow(response, createPullProgress(name, onProgress), fail)
  } catch (error) {
    waiter.signal.throwIfAborted()
    if (error instanceof StartError) throw error
    if (!deadline.aborted) throw fail(`the Docker engine broke off: ${String(error)}`, error)
    const seconds = Math.round(options.timeoutMs / 1000)
    throw fail(`it was not there after ${seconds} s, at "${last}"; pull it by hand, or allow more time`)
  }
}

function askForImage(
  name: string,
  auth: RegistryAuth | undefined,
  address: EngineAddress,
  signal: AbortSignal,
): Promise<IncomingMessage> {
  const { repository, reference } = parseImageName(name)
  const query = new URLSearchParams({ fromImage: repository, tag: reference }).toString()
  return callEngine({
    address,
    method: 'POST',
    path: `/images/create?${query}`,
    headers: auth === undefined ? {} : { 'X-Registry-Auth': toHeader(auth) },
    signal,
  })
}

// The alphabet of URLs, with padding.
const toHeader = (auth: RegistryAuth): string =>
  Buffer.from(JSON.stringify(auth)).toString('base64').replaceAll('+', '-').replaceAll('/', '_')

async function follow(
  response: IncomingMessage,
  onLine: ReturnType<typeof createPullProgress>,
  fail: (message: string) => StartError,
): Promise<void> {
  for await (const text of readLines(response)) {
    const line = pullLineSchema.parse(JSON.parse(text))
    const error = line.errorDetail?.message ?? line.error
    if (error !== undefined) throw fail(error)
    onLine(line)
  }
}

/** Gives the lines of an answer, and throws where it breaks off; `readline` would not notice. */
async function* readLines(response: IncomingMessage): AsyncGenerator<string> {
  let rest = ''
  response.setEncoding('utf8')
  for await (const piece of response as AsyncIterable<string>) {
    const lines = (rest + piece).split('\n')
    rest = lines.pop() ?? ''
    yield* lines.filter((line) => line.trim() !== '')
  }
  if (rest.trim() !== '') yield rest
}

const messageSchema = z.object({ message: z.string() })

function toMessage(text: string): string {
  try {
    return messageSchema.parse(JSON.parse(text)).message
  } catch {
    return text
  }
}
