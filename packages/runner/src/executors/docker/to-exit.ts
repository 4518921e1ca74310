import { constants } from 'node:os'
import type { Usage } from '@rgrid/protocol'
import type { Exit } from '../executor.js'
import type { ContainerEnd, EndState } from './wait-for-end.js'

/** What the executor knows of a container beside the engine's word. */
export interface EndContext {
  /** Whether the executor itself has killed it. */
  readonly wasKilled: boolean
  readonly usage: Usage
}

const SHELL_SIGNAL_BASE = 128
// Signals that end no process by themselves.
const HARMLESS = new Set([
  'SIGCHLD',
  'SIGCONT',
  'SIGSTOP',
  'SIGTSTP',
  'SIGTTIN',
  'SIGTTOU',
  'SIGURG',
  'SIGWINCH',
])

/**
 * Says how a script ended, from what became of its container.
 *
 * The engine has one number for both, so a script that was killed by signal `n` and one that exits with `128 + n` look
 * alike. They are reported as shells do: as the signal, with the number kept as the exit code.
 */
export function toExit(
  { outcome, state, hasEngineBroken }: ContainerEnd<EndState>,
  context: EndContext,
): Exit {
  const { usage, wasKilled } = context
  const exit = { exitCode: null, signal: null, message: null, usage }
  if (outcome === 'removed')
    return { ...exit, cause: 'container_removed', message: 'someone removed the container while it ran' }
  if (outcome === 'never_started')
    return {
      ...exit,
      cause: 'engine_restart',
      message: 'the Docker engine went away before the script started',
    }
  if (outcome === 'unreachable' || state === undefined)
    return { ...exit, cause: 'engine_restart', message: 'the Docker engine no longer answers' }

  const exitCode = state.ExitCode
  const signal = toSignal(exitCode)
  // An engine that stops or starts anew kills its containers, with the same code as anybody's kill.
  if (hasEngineBroken && !wasKilled && !state.OOMKilled && (signal === 'SIGKILL' || signal === 'SIGTERM'))
    return { ...exit, cause: 'engine_restart', exitCode, message: 'the Docker engine was restarted' }
  if (state.Error !== '') return { ...exit, cause: 'internal', exitCode, message: state.Error }
  if (state.OOMKilled && exitCode !== 0 && !wasKilled)
    return { ...exit, cause: 'out_of_memory', exitCode, signal }
  if (signal !== null) return { ...exit, cause: 'signal', exitCode, signal }
  return { ...exit, cause: 'exit', exitCode, message: describeLostChild(state) }
}

function describeLostChild({ OOMKilled }: EndState): string | null {
  return OOMKilled ? 'a process that the script started was killed for want of memory' : null
}

function toSignal(exitCode: number): NodeJS.Signals | null {
  const number = exitCode - SHELL_SIGNAL_BASE
  for (const [name, value] of Object.entries(constants.signals))
    if (value === number && isSignal(name) && !HARMLESS.has(name)) return name
  return null
}

const isSignal = (name: string): name is NodeJS.Signals => name in constants.signals
