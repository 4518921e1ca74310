import { createHash, randomUUID } from 'node:crypto'
import { mkdir, readFile, writeFile } from 'node:fs/promises'
import { dirname, join } from 'node:path'
import type { Readable } from 'node:stream'
import { setTimeout as sleep } from 'node:timers/promises'
import type { Executor, Exit, Launch, Place, PlaceRequest, Running } from '../../../src/executors/executor.js'
import { createTestDirectory } from '../test-directory.js'
import type { ContractContext } from './contract-context.js'

/** A script that a case has started. */
export interface StartedScript {
  readonly running: Running
  readonly place: Place
  readonly request: PlaceRequest
  readonly launch: Launch
  readonly workDir: string
  /** Removes its place now; done at the end of the test otherwise. */
  release(): Promise<void>
}

/** A script that has ended, and all that it printed. */
export interface FinishedScript extends StartedScript {
  readonly exit: Exit
  readonly stdout: Buffer
  readonly stderr: Buffer
  /** What of its files stayed behind, as `path: reason`. */
  readonly skipped: readonly string[]
}

/** What a case may say of its launch; the rest is filled in. */
export type LaunchOptions = Partial<Launch> &
  Partial<PlaceRequest> & {
    readonly executor?: Executor
    /** Called with the place before the script starts in it. */
    readonly onPlace?: (place: Place) => Promise<void>
  }

/** Makes an instance name that no other test has. */
export const createInstance = (): string => `contract-${randomUUID()}`

/** Makes an executor that is closed at the end of the test. */
export function createExecutor(
  { create, onTestFinished }: ContractContext,
  instance = createInstance(),
): Executor {
  const executor = create(instance, createTestDirectory(onTestFinished))
  onTestFinished(() => executor.close())
  return executor
}

/** Writes a script into a place of its own and starts it. The test's end kills it and removes everything. */
export async function startScript(
  context: ContractContext,
  source: string,
  { executor = createExecutor(context), onPlace, ...options }: LaunchOptions = {},
): Promise<StartedScript> {
  const { onTestFinished } = context
  const { script = 'script.py', args = [], env = {}, inputBytes = 0, deadlineMs = 60_000 } = options
  const request: PlaceRequest = {
    executionId: `exec_${randomUUID()}`,
    attempt: 1,
    project: 'default',
    runtime: 'python',
    image: undefined,
    scriptSha256: createHash('sha256').update(source).digest('hex'),
    resources: { memoryMib: 256, pids: 64 },
    network: undefined,
    isolation: 'execution',
    layer: undefined,
    onProgress: () => undefined,
    signal: new AbortController().signal,
    ...options,
  }
  const place = await executor.prepare(request)
  let released: Promise<void> | undefined
  const release = (): Promise<void> => (released ??= place.remove())
  onTestFinished(release)
  const { workDir } = place
  await mkdir(dirname(join(workDir, script)), { recursive: true })
  await writeFile(join(workDir, script), source)
  await onPlace?.(place)
  const { memo, mayStart, stdin } = options
  const launch: Launch = {
    script,
    args,
    env,
    stdin,
    inputBytes,
    deadlineMs,
    ...(memo === undefined ? {} : { memo }),
    ...(mayStart === undefined ? {} : { mayStart }),
  }
  const running = await place.start(launch)
  onTestFinished(async () => {
    running.stdout.destroy()
    running.stderr.destroy()
    // What a late signal does has a case of its own.
    await running.signal('SIGKILL').catch(() => undefined)
    await release()
  })
  return { running, place, request, launch, workDir, release }
}

/** Runs a script to its end. */
export async function runScript(
  context: ContractContext,
  source: string,
  options?: LaunchOptions,
): Promise<FinishedScript> {
  const started = await startScript(context, source, options)
  const { running } = started
  const [exit, stdout, stderr] = await within(
    20_000,
    'the script has ended and so have its streams',
    Promise.all([running.exit, readAll(running.stdout), readAll(running.stderr)]),
  )
  const skipped: string[] = []
  await started.place.bringFiles?.(
    (path, reason) => void skipped.push(`${path}: ${reason}`),
    () => true,
  )
  return { ...started, exit, stdout, stderr, skipped }
}

/** Reads a stream to its end. */
export async function readAll(stream: Readable): Promise<Buffer> {
  const chunks: Buffer[] = []
  stream.on('data', (chunk: Buffer) => chunks.push(chunk))
  if (!stream.closed) await new Promise<void>((resolve) => stream.once('close', () => resolve()))
  return Buffer.concat(chunks)
}

/** Reads a stream until it has printed `text`. */
export function waitForText(stream: Readable, text: string): Promise<void> {
  let seen = ''
  const found = new Promise<void>((resolve) => {
    stream.on('data', (chunk: Buffer) => {
      seen += chunk.toString('latin1')
      if (seen.includes(text)) resolve()
    })
  })
  return within(10_000, `the script has printed ${text}`, found)
}

/** Reads a text file of a workspace; `undefined` when it is not there. */
export const readOutput = ({ workDir }: StartedScript, path: string): Promise<string | undefined> =>
  readFile(join(workDir, path), 'utf8').catch(() => undefined)

/** Reads a file as soon as it is there and has something in it. */
export async function waitForFile(path: string): Promise<string> {
  for (let tries = 0; tries < 200; tries++) {
    const text = await readFile(path, 'utf8').catch(() => '')
    if (text !== '') return text
    await sleep(50)
  }
  throw new Error(`${path} has not appeared`)
}

/** Rejects when something has not come true in time. */
export async function within<T>(ms: number, what: string, promise: Promise<T>): Promise<T> {
  const timer = new AbortController()
  try {
    const late = sleep(ms, undefined, { signal: timer.signal }).then(() => {
      throw new Error(`not true within ${ms} ms: ${what}`)
    })
    return await Promise.race([promise, late])
  } finally {
    timer.abort()
  }
}
