import * as z from 'zod'

/** Where an execution stands. `completed` means that the script ended with exit code 0. */
export const statusSchema = z.enum([
  'queued',
  'claimed',
  'running',
  'finishing',
  'completed',
  'failed',
  'timed_out',
  'cancelled',
  'lost',
])

/** Where an execution stands. */
export type Status = z.infer<typeof statusSchema>

/** Why an execution ended the way it did. Lost infrastructure is never reported as the script's failure. */
export const causeSchema = z.enum([
  'exit',
  'signal',
  'timeout',
  'out_of_memory',
  'output_limit',
  'cancelled',
  'image_pull',
  'dependency_install',
  'engine_restart',
  'container_removed',
  'runner_lost',
  'blob_store',
  'internal',
])

/** Why an execution ended the way it did. */
export type Cause = z.infer<typeof causeSchema>

/**
 * The legal moves of an execution. `claimed → queued` happens when a runner is lost before the script provably
 * started, and every other `→ queued` when an attempt ended in a way that the caller wants tried again; `queued → lost`
 * when the only place that could run it is gone. A terminal status has no moves.
 */
export const LEGAL_MOVES: Readonly<Record<Status, readonly Status[]>> = {
  queued: ['claimed', 'cancelled', 'lost'],
  claimed: ['queued', 'running', 'failed', 'cancelled', 'lost'],
  running: ['queued', 'finishing', 'completed', 'failed', 'timed_out', 'cancelled', 'lost'],
  finishing: ['queued', 'completed', 'failed', 'timed_out', 'cancelled', 'lost'],
  completed: [],
  failed: [],
  timed_out: [],
  cancelled: [],
  lost: [],
}

/** The statuses that may move to `to`. */
export function movesTo(to: Status): Status[] {
  return statusSchema.options.filter((from) => LEGAL_MOVES[from].includes(to))
}

/** Whether an execution in this status will never change again. */
export function isTerminal(status: Status): boolean {
  return LEGAL_MOVES[status].length === 0
}

/** Whether an execution in this status belongs to a runner, by its lease. */
export function isHeld(status: Status): boolean {
  return status !== 'queued' && !isTerminal(status)
}

/** The terminal status that a cause leads to. */
export function toTerminalStatus(cause: Cause, exitCode: number | null): Status {
  switch (cause) {
    case 'exit':
      return exitCode === 0 ? 'completed' : 'failed'
    case 'timeout':
      return 'timed_out'
    case 'cancelled':
      return 'cancelled'
    case 'engine_restart':
    case 'container_removed':
    case 'runner_lost':
      return 'lost'
    case 'signal':
    case 'out_of_memory':
    case 'output_limit':
    case 'image_pull':
    case 'dependency_install':
    case 'blob_store':
    case 'internal':
      return 'failed'
  }
}
