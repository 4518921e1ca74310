import { setImmediate as immediately, setTimeout as sleep } from 'node:timers/promises'
import type { Usage } from '@rgrid/protocol'
import type { Exit, Running } from '../../executor.js'
import type { Sight } from '../cgroup-reader.js'
import type { EngineWatch } from '../engine-watch.js'
import { killContainer } from '../kill-container.js'
import { hasKilledForMemory, withMemoryKill } from '../memory-kill.js'
import { toExit } from '../to-exit.js'
import { sampleUsage, type UsageSampler } from '../usage-sampler.js'
import { waitForEnd } from '../wait-for-end.js'
import { openFifoOutput, type FifoOutput } from './fifo-output.js'
import { writeFifo } from './open-fifo.js'
import { toFifo, type StartedContainer } from './waiting-container.js'

/** Who listens to a container before anything is said to it. */
export interface Listening {
  readonly stdout: FifoOutput
  readonly stderr: FifoOutput
  readonly sampler: UsageSampler
}

/** A script that has been started in a container. */
export interface StartedLaunch {
  /** By this its shell tells of its end. */
  readonly token: string
  /** By `performance.now()`. */
  readonly startedAt: number
  readonly deadlineMs: number
  readonly memoryMib: number
  /** What was seen of the container before. */
  readonly before: Sight | undefined
  /** Where the container can serve another script: the processes that were in it before any. */
  readonly own: readonly number[] | undefined
  readonly engine: EngineWatch
  /** Called at the end of a script whose shared container can serve another: it is frozen. */
  readonly onGoodEnd: () => void
}

// Codes above may stand for a signal, which the shell cannot tell from an exit with the same number.
const MAX_PLAIN_CODE = 127
// What a script has used is looked at once more at its end.
const SAMPLE_AFTER_MS = 25
const CALM_WITHIN_MS = 1_000
// What a container's shell has just killed is gone in less than a timer can wait for.
const CALM_AT_ONCE_MS = 1
// How long an engine that stops may take from ending a container to ending itself.
const ENGINE_STOP_MS = 1_500
const MIB = 1024 * 1024

/** Begins to listen to a container, whose output ends with a mark. */
export function listenTo({ container, directory, look }: StartedContainer, endMark: Buffer): Listening {
  return {
    stdout: openFifoOutput(toFifo(directory, 'stdout'), endMark),
    stderr: openFifoOutput(toFifo(directory, 'stderr'), endMark),
    sampler: sampleUsage(container, () => undefined, look, SAMPLE_AFTER_MS),
  }
}

/** Listens no more. */
export function stopListening({ stdout, stderr, sampler }: Listening): void {
  sampler.stop()
  stdout.destroy()
  stderr.destroy()
}

/**
 * Follows a script to its end. Its exit code comes from the container's shell, milliseconds after the end; it counts when
 * nothing else runs there any more and nothing was killed for want of memory. In all other cases the engine is asked.
 */
export function followWaiting(
  started: StartedContainer,
  { stdout, stderr, sampler }: Listening,
  launch: StartedLaunch,
): Running {
  const { container, directory } = started
  const { token, startedAt, before, own } = launch
  sampler.askEngineIfBlind()
  let wasKilled = false
  let wasSignalled = false
  let hasEnded = false

  const measure = (wallMs: number, wasOutOfMemory = false): Usage => {
    const { cpuSeconds, peakMemoryBytes } = sampler.stop()
    const limit = launch.memoryMib * MIB
    // The mark that another script has left: where this one stayed below, it is not known how much it used.
    const isKnown = own === undefined || peakMemoryBytes !== before?.peakMemoryBytes
    return {
      wallMs,
      cpuSeconds: cpuSeconds === null ? null : Math.max(0, cpuSeconds - (before?.cpuSeconds ?? 0)),
      peakMemoryBytes: wasOutOfMemory
        ? Math.max(peakMemoryBytes ?? 0, limit)
        : isKnown
          ? peakMemoryBytes
          : null,
    }
  }

  const askEngine = async (sight: Sight | undefined): Promise<Exit> => {
    const end = withMemoryKill(await waitForEnd(container), hasKilledForMemory(before, sight))
    const wallMs = performance.now() - startedAt
    const usage = measure(wallMs, end.state?.OOMKilled)
    const mayBeEngine = !wasKilled && isKill(end.state?.ExitCode) && end.state?.OOMKilled === false
    const isLate = mayBeEngine && wallMs >= launch.deadlineMs
    const hasEngineBroken =
      end.hasEngineBroken ||
      launch.engine.brokeSince(startedAt) ||
      (mayBeEngine && !isLate && (await launch.engine.breaksWithin(ENGINE_STOP_MS)))
    const exit = toExit({ ...end, hasEngineBroken }, { wasKilled, usage })
    return isLate && exit.cause === 'signal' ? { ...exit, cause: 'timeout' } : exit
  }
  /** Ends a script whose container goes on, unless the script was interfered with. */
  const endShared = async (exitCode: number, wallMs: number, sight: Sight | undefined): Promise<Exit> => {
    const wasOutOfMemory = hasKilledForMemory(before, sight)
    const isFrozen = await started.freeze().then(
      () => true,
      () => false,
    )
    if (!isFrozen) await killContainer(container, 'SIGKILL', () => false)
    hasEnded = true
    const isSound = (sight?.oomKills ?? null) === (before?.oomKills ?? null)
    if (isFrozen && !wasSignalled && isSound) launch.onGoodEnd()
    return toSharedExit(exitCode, wasOutOfMemory, measure(wallMs, wasOutOfMemory))
  }
  const follow = async (): Promise<Exit> => {
    const code = await started.events.nextExit(token)
    const wallMs = performance.now() - startedAt
    const sight = sampler.look()
    const isPlain = code !== undefined && code <= MAX_PLAIN_CODE && !wasKilled
    const hasEnoughMemory = sight !== undefined && sight.oomKills === (before?.oomKills ?? null)
    if (own !== undefined && code !== undefined) {
      const isCalm = await becomes(() => isAlone(started, own), started)
      return isCalm ? endShared(code, wallMs, sight) : askEngine(sight)
    }
    if (
      isPlain &&
      hasEnoughMemory &&
      sight.oomKills !== null &&
      (await becomes(() => isOver(started), started))
    )
      return { cause: 'exit', exitCode: code, signal: null, message: null, usage: measure(wallMs) }
    // The shell holds on until it is told to end.
    writeFifo(toFifo(directory, 'go'), 'end')
    return askEngine(sight)
  }
  const exit = follow().then((value) => {
    hasEnded = true
    sampler.stop()
    stdout.end()
    stderr.end()
    return value
  })

  return {
    stdout: stdout.stream,
    stderr: stderr.stream,
    exit,
    async signal(name) {
      if (hasEnded) return
      wasSignalled = true
      if (name === 'SIGTERM' && writeFifo(toFifo(directory, 'control'), `signal TERM ${token}`)) return
      if (name === 'SIGKILL') wasKilled = true
      await killContainer(container, name, () => hasEnded)
    },
  }
}

const isKill = (code: number | undefined): boolean => code === 137 || code === 143

/** Waits until something holds of a container. Where it does not within a moment, all that runs there is killed. */
async function becomes(
  check: () => boolean | Promise<boolean>,
  { container }: StartedContainer,
): Promise<boolean> {
  const since = performance.now()
  while (!(await check())) {
    const passedMs = performance.now() - since
    if (passedMs > CALM_WITHIN_MS) {
      await killContainer(container, 'SIGKILL', () => false)
      return false
    }
    await (passedMs < CALM_AT_ONCE_MS ? immediately() : sleep(1))
  }
  return true
}

/** Whether nothing runs in a container any more but the shell that has told of the end, which does not write to files. */
const isOver = ({ look, shellProcesses }: StartedContainer): boolean =>
  (look()?.processes ?? 0) <= shellProcesses

/** Whether nothing runs in a container but what was there before the first script, less the shell that obeys. */
async function isAlone(started: StartedContainer, own: readonly number[]): Promise<boolean> {
  const now = await started.listProcesses()
  return now.length < own.length && now.every((pid) => own.includes(pid))
}

/** A shared container goes on after a script, so the engine has nothing to say of it. */
function toSharedExit(exitCode: number, wasOutOfMemory: boolean, usage: Usage): Exit {
  const state = { ExitCode: exitCode, OOMKilled: wasOutOfMemory, Error: '' }
  return toExit({ outcome: 'ended', state, hasEngineBroken: false }, { wasKilled: false, usage })
}
