import type { Environments, Offer } from '@rgrid/protocol'
import { writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { PassThrough, type Readable } from 'node:stream'
import { setTimeout as sleep } from 'node:timers/promises'
import type { Executor, Exit, Launch, Place, PlaceRequest, Running } from '../../../src/executors/executor.js'

/** Breaks one thing of an executor. */
export type Mutate = (executor: Executor) => Executor

/** Breaks what a place is asked for. */
export const withRequest =
  (change: (request: PlaceRequest) => PlaceRequest): Mutate =>
  (executor) => ({ ...executor, prepare: (request) => executor.prepare(change(request)) })

/** Breaks what an executor says that it can run. */
export const withOffers =
  (change: (offer: Offer) => Offer): Mutate =>
  (executor) => ({
    ...executor,
    async describe() {
      const [first, ...others] = await executor.describe()
      return [change(first), ...others.map(change)]
    },
  })

/** Breaks what an executor says that scripts would run in. */
export const withEnvironments =
  (change: (runtimes: Environments['runtimes']) => Environments['runtimes']): Mutate =>
  (executor) => ({
    ...executor,
    async listEnvironments() {
      const listed = await executor.listEnvironments()
      return { ...listed, runtimes: change(listed.runtimes) }
    },
  })

/** Breaks a place. */
export const withPlace =
  (change: (place: Place, request: PlaceRequest) => Partial<Place>): Mutate =>
  (executor) => ({
    ...executor,
    async prepare(request) {
      const place = await executor.prepare(request)
      return { ...place, ...change(place, request) }
    },
  })

/** Breaks what a script is started with. */
export const withLaunch = (change: (launch: Launch, place: Place) => Launch | Promise<Launch>): Mutate =>
  withPlace((place) => ({ start: async (launch) => place.start(await change(launch, place)) }))

/** Breaks what is known of a script that was started. */
export const withRunning = (change: (running: Running) => Partial<Running>): Mutate =>
  withPlace((place) => ({
    async start(launch) {
      const running = await place.start(launch)
      return { ...running, ...change(running) }
    },
  }))

/** Breaks what is told of a script's end. */
export const withExit = (change: (exit: Exit) => Partial<Exit>): Mutate =>
  withRunning(({ exit }) => ({ exit: exit.then((end) => ({ ...end, ...change(end) })) }))

/** Throws errors of no kind of its own. */
export const withPlainErrors: Mutate = (executor) => ({
  ...executor,
  async prepare(request) {
    try {
      return await executor.prepare(request)
    } catch (error) {
      throw new Error(String(error), { cause: error })
    }
  },
})

/** Starts scripts through a line of bash, which finds them and their arguments in `"$@"`. */
export const withShell =
  (line: string): Mutate =>
  (executor) => ({
    ...executor,
    async prepare(request) {
      const program = request.runtime === 'bash' ? 'bash' : 'python3'
      const place = await executor.prepare({ ...request, runtime: 'bash' })
      return {
        ...place,
        async start(launch) {
          const script = '.mutant.sh'
          await writeFile(join(place.workDir, script), line)
          return place.start({ ...launch, script, args: [program, launch.script, ...launch.args] })
        },
      }
    },
  })

/** Breaks the standard output. */
export const withStdout = (change: (stdout: Readable) => Readable): Mutate =>
  withRunning(({ stdout }) => ({ stdout: change(stdout) }))

/** Passes on each chunk changed. */
export const mapChunks =
  (change: (chunk: Buffer) => Buffer) =>
  (stream: Readable): Readable => {
    const changed = new PassThrough()
    stream.on('data', (chunk: Buffer) => changed.write(change(chunk)))
    stream.once('close', () => changed.end())
    return changed
  }

/** Passes on what comes while somebody reads, and drops the rest. */
export function dropUnread(stream: Readable): Readable {
  const kept = new PassThrough()
  stream.on('data', (chunk: Buffer) => {
    if (kept.writableLength < 64 * 1024) kept.write(chunk)
  })
  stream.once('close', () => kept.end())
  return kept
}

/** Reads everything into memory, whether somebody reads or not. */
export const slurp = (stream: Readable): Readable => mapChunks((chunk) => chunk)(stream)

/** Holds the second stream back until the first has ended. */
export const withStreamsInTurn: Mutate = withRunning(({ stdout, stderr }) => {
  const late = new PassThrough()
  stdout.once('close', () => stderr.pipe(late))
  return { stderr: late }
})

/** Reports the end when the output has ended, as if that were the same. */
export const withExitAtStreamEnd: Mutate = withRunning(({ stdout, exit }) => {
  const streamEnd = new Promise<Exit>((resolve) => {
    stdout.once('end', () => {
      const usage = { wallMs: 0, cpuSeconds: null, peakMemoryBytes: null }
      resolve({ cause: 'exit', exitCode: 0, signal: null, message: null, usage })
    })
  })
  return { exit: Promise.race([streamEnd, exit]) }
})

/** Reports the end only when children have ended too. */
export const withLateExit: Mutate = withRunning(({ exit }) => ({
  exit: exit.then(async (end) => {
    await sleep(6_000)
    return end
  }),
}))

/** Leaves the streams open for ever. */
export const withEndlessStreams: Mutate = withStdout((stdout) =>
  stdout.pipe(new PassThrough(), { end: false }),
)
