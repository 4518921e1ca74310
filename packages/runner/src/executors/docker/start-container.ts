import type { Container } from 'dockerode'
import type { Exit, Running } from '../executor.js'
import { attachOutput } from './attach-output.js'
import { getEngineStatus } from './engine-error.js'
import { killContainer } from './kill-container.js'
import { toExit } from './to-exit.js'
import { sampleUsage, type UsageSampler } from './usage-sampler.js'
import { waitForEnd, type ContainerState } from './wait-for-end.js'

const MIB = 1024 * 1024

/** What is known of a script before it starts. */
export interface AttachedLaunch {
  readonly memoryMib: number
  /** When the container itself kills what runs in it; `undefined` where it cannot. */
  readonly deadlineMs: number | undefined
}

/**
 * Attaches to a container that was made for a launch, starts it, and follows it to its end.
 *
 * @throws the engine's refusal to start it.
 */
export async function startContainer(
  container: Container,
  { memoryMib, deadlineMs = Infinity }: AttachedLaunch,
): Promise<Running> {
  const outputs = await Promise.all([attachOutput(container, 'stdout'), attachOutput(container, 'stderr')])
  const [stdout, stderr] = outputs
  const sampler = sampleUsage(container, () => {
    for (const output of outputs) output.drain()
  })
  const askedAt = performance.now()
  try {
    await container.start()
  } catch (error) {
    // Without an answer it may have been started: the wait below finds out.
    if (getEngineStatus(error) !== undefined) {
      sampler.stop()
      for (const output of outputs) output.cut()
      throw error
    }
  }
  const startedAt = performance.now()
  sampler.askEngineIfBlind()

  let wasKilled = false
  let hasEnded = false
  const follow = async (): Promise<Exit> => {
    const end = await waitForEnd(container)
    hasEnded = true
    const sinceAskedMs = performance.now() - askedAt
    const wallMs = getWallMs(end.state, sinceAskedMs, performance.now() - startedAt)
    const usage = { wallMs, ...getUsage(sampler, end.state, memoryMib) }
    for (const output of outputs) output.endSoon()
    const exit = toExit(end, { wasKilled, usage })
    const isLate = exit.signal === 'SIGKILL' && !wasKilled && sinceAskedMs >= deadlineMs
    return isLate && exit.cause === 'signal' ? { ...exit, cause: 'timeout' } : exit
  }

  return {
    stdout: stdout.stream,
    stderr: stderr.stream,
    exit: follow(),
    async signal(name) {
      if (name === 'SIGKILL') wasKilled = true
      await killContainer(container, name, () => hasEnded)
    },
  }
}

function getUsage(sampler: UsageSampler, state: ContainerState | undefined, memoryMib: number) {
  const { cpuSeconds, peakMemoryBytes } = sampler.stop()
  if (state?.OOMKilled !== true) return { cpuSeconds, peakMemoryBytes }
  return { cpuSeconds, peakMemoryBytes: Math.max(peakMemoryBytes ?? 0, memoryMib * MIB) }
}

/** The engine's own times leave out its delays before and after; they must fit into what was measured here. */
function getWallMs(state: ContainerState | undefined, sinceAskedMs: number, sinceStartedMs: number): number {
  const engineMs = Date.parse(state?.FinishedAt ?? '') - Date.parse(state?.StartedAt ?? '')
  return engineMs > 0 && engineMs < sinceAskedMs ? engineMs : sinceStartedMs
}
