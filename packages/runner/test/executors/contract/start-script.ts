import { randomUUID } from 'node:crypto'
import { mkdir, mkdtemp, readFile, rm, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { dirname, join } from 'node:path'
import type { Readable } from 'node:stream'
import { setTimeout as sleep } from 'node:timers/promises'
import type { Executor, Exit, Launch, Running } from '../../../src/executors/executor.js'
import type { ContractContext } from './contract-context.js'

/** A script that a case has started. */
export interface StartedScript {
  readonly running: Running
  readonly launch: Launch
  readonly workDir: string
  /** Releases it now; done at the end of the test otherwise. */
  release(): Promise<void>
}

/** A script that has ended, and all that it printed. */
export interface FinishedScript extends StartedScript {
  readonly exit: Exit
  readonly stdout: Buffer
  readonly stderr: Buffer
}

/** What a case may say of its launch; the rest is filled in. */
export type LaunchOptions = Partial<Launch> & { readonly executor?: Executor }

/** Makes an instance name that no other test has. */
export const createInstance = (): string => `contract-${randomUUID()}`

/** Makes an executor that is closed at the end of the test. */
export function createExecutor(
  { create, onTestFinished }: ContractContext,
  instance = createInstance(),
): Executor {
  const executor = create(instance)
  onTestFinished(() => executor.close())
  return executor
}

/** Writes a script into a workspace of its own and starts it. The test's end kills it and removes everything. */
export async function startScript(
  context: ContractContext,
  source: string,
  { executor = createExecutor(context), ...options }: LaunchOptions = {},
): Promise<StartedScript> {
  const { onTestFinished } = context
  const home = await mkdtemp(join(tmpdir(), 'rgrid-contract-'))
  // A daemon of a script may still be writing there.
  onTestFinished(() => rm(home, { recursive: true, force: true, maxRetries: 20, retryDelay: 50 }))
  const launch: Launch = {
    executionId: `exec_${randomUUID()}`,
    attempt: 1,
    runtime: 'python',
    script: 'script.py',
    args: [],
    env: {},
    workDir: join(home, 'work'),
    memoryMib: 256,
    pids: 64,
    ...options,
  }
  await mkdir(dirname(join(launch.workDir, launch.script)), { recursive: true })
  await writeFile(join(launch.workDir, launch.script), source)
  const running = await executor.start(launch)
  let released: Promise<void> | undefined
  const release = (): Promise<void> => (released ??= running.release())
  onTestFinished(async () => {
    running.stdout.destroy()
    running.stderr.destroy()
    // What a late signal does has a case of its own.
    await running.signal('SIGKILL').catch(() => undefined)
    await release()
  })
  return { running, launch, workDir: launch.workDir, release }
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
  return { ...started, exit, stdout, stderr }
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
