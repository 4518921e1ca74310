import { randomBytes } from 'node:crypto'
import { setImmediate as immediately, setTimeout as sleep } from 'node:timers/promises'
import type { Usage } from '@rgrid/protocol'
import { StartError, type Exit, type Running } from '../../executor.js'
import type { Sight } from '../cgroup-reader.js'
import type { EngineWatch } from '../engine-watch.js'
import { formatLaunchScript, type LaunchScript } from '../launch-script.js'
import { killContainer } from '../kill-container.js'
import { toExit } from '../to-exit.js'
import { sampleUsage } from '../usage-sampler.js'
import { waitForEnd } from '../wait-for-end.js'
import { formatCall, suits } from './interpreter.js'
import { endFifo, openFifo, writeFifo } from './open-fifo.js'
import { toFifo, type WaitingContainer } from './waiting-container.js'

/** How a script is started in a waiting container. */
export interface WaitingLaunch {
  readonly script: LaunchScript
  readonly deadlineMs: number
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
// One that takes longer to start is not waited for: starting another is no slower then.
const INTERPRETER_WITHIN_MS = 250
const MIB = 1024 * 1024
const TOKEN_BYTES = 16

/**
 * Starts a script in a waiting container. Its exit code comes from the container's shell, milliseconds after the end;
 * it counts when nothing else runs there any more and nothing was killed for want of memory. In all other cases the engine
 * is asked.
 *
 * @throws StartError when the container is not there any more; then the script was not started.
 */
export async function launchWaiting(waiting: WaitingContainer, launch: WaitingLaunch): Promise<Running> {
  const { directory, container } = waiting
  const token = randomBytes(TOKEN_BYTES).toString('hex')
  const verb = await bringLaunch(waiting, launch.script)
  const stdout = openFifo(toFifo(directory, 'stdout'))
  const stderr = openFifo(toFifo(directory, 'stderr'))
  const before = waiting.look()
  const sampler = sampleUsage(container, () => undefined, waiting.look, SAMPLE_AFTER_MS)
  const startedAt = performance.now()
  if (!waiting.isAlive() || !writeFifo(toFifo(directory, 'go'), `${verb} ${token}`)) {
    sampler.stop()
    stdout.destroy()
    stderr.destroy()
    throw new StartError('internal', 'the container that waited for the script has gone')
  }
  // The interpreter is nearer than the shell, which only has to wait for its end.
  if (verb === 'wake') writeFifo(toFifo(directory, 'wake'), '')
  writeFifo(toFifo(directory, 'deadline'), `${Math.ceil(launch.deadlineMs / 1_000)} ${token}`)
  sampler.askEngineIfBlind()

  let wasKilled = false
  let wasSignalled = false
  let hasEnded = false
  const measure = (wallMs: number, wasOutOfMemory = false): Usage => {
    const { cpuSeconds, peakMemoryBytes } = sampler.stop()
    const limit = waiting.shape.resources.memoryMib * MIB
    // The mark that another script has left: where this one stayed below, it is not known how much it used.
    const isKnown = !waiting.shape.isShared || peakMemoryBytes !== before?.peakMemoryBytes
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

  const askEngine = async (): Promise<Exit> => {
    const end = await waitForEnd(container)
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
    const wasOutOfMemory = sight !== undefined && sight.oomKills !== (before?.oomKills ?? null)
    const isFrozen = await waiting.freeze().then(
      () => true,
      () => false,
    )
    if (!isFrozen) await killContainer(container, 'SIGKILL', () => false)
    hasEnded = true
    if (isFrozen && !wasSignalled && !wasOutOfMemory) launch.onGoodEnd()
    return toSharedExit(exitCode, wasOutOfMemory, measure(wallMs, wasOutOfMemory))
  }
  const follow = async (): Promise<Exit> => {
    const code = await waiting.events.nextExit(token)
    const wallMs = performance.now() - startedAt
    const sight = sampler.look()
    const isPlain = code !== undefined && code <= MAX_PLAIN_CODE && !wasKilled
    const hasEnoughMemory = sight !== undefined && sight.oomKills === (before?.oomKills ?? null)
    if (waiting.shape.isShared && code !== undefined) {
      const isCalm = await becomes(isAlone, waiting)
      return isCalm ? endShared(code, wallMs, sight) : askEngine()
    }
    if (isPlain && hasEnoughMemory && sight.oomKills !== null && (await becomes(isOver, waiting)))
      return { cause: 'exit', exitCode: code, signal: null, message: null, usage: measure(wallMs) }
    // The shell holds on until it is told to end.
    if (code !== undefined) writeFifo(toFifo(directory, 'go'), 'end')
    return askEngine()
  }
  const exit = follow().then((value) => {
    hasEnded = true
    sampler.stop()
    for (const name of ['stdout', 'stderr'] as const) endFifo(toFifo(directory, name))
    return value
  })

  return {
    stdout,
    stderr,
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

/** Puts a launch where the container looks for it, and says what its shell is told to do with it. */
async function bringLaunch(
  { directory, shape: { interpreter }, events }: WaitingContainer,
  launch: LaunchScript,
): Promise<'run' | 'wake'> {
  const canWake =
    interpreter !== undefined &&
    suits(interpreter, launch) &&
    (await events.isInterpreterUp(INTERPRETER_WITHIN_MS))
  if (canWake) directory.write('call', formatCall(launch))
  else directory.write('launch', formatLaunchScript(launch))
  return canWake ? 'wake' : 'run'
}

const isKill = (code: number | undefined): boolean => code === 137 || code === 143

type Check = (waiting: WaitingContainer) => boolean | Promise<boolean>

/** Waits until something holds of a container. Where it does not within a moment, all that runs there is killed. */
async function becomes(check: Check, waiting: WaitingContainer): Promise<boolean> {
  const since = performance.now()
  while (!(await check(waiting))) {
    const passedMs = performance.now() - since
    if (passedMs > CALM_WITHIN_MS) {
      await killContainer(waiting.container, 'SIGKILL', () => false)
      return false
    }
    await (passedMs < CALM_AT_ONCE_MS ? immediately() : sleep(1))
  }
  return true
}

/** Whether nothing runs in a container any more but the shell that has told of the end, which does not write to files. */
const isOver: Check = ({ look, shellProcesses }) => (look()?.processes ?? 0) <= shellProcesses

/** Whether nothing runs in a container but what was there before the first script, less the shell that obeys. */
const isAlone: Check = async (waiting) => {
  const now = await waiting.listProcesses()
  return now.length < waiting.own.length && now.every((pid) => waiting.own.includes(pid))
}

/** A shared container goes on after a script, so the engine has nothing to say of it. */
function toSharedExit(exitCode: number, wasOutOfMemory: boolean, usage: Usage): Exit {
  const state = { ExitCode: exitCode, OOMKilled: wasOutOfMemory, Error: '' }
  return toExit({ outcome: 'ended', state, hasEngineBroken: false }, { wasKilled: false, usage })
}
