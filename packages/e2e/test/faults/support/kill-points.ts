import type { Kind } from './work.js'
import type { Step } from './steps.js'

/** A moment to kill a runner at. */
export interface KillPoint {
  readonly name: string
  /** Seen from outside; without it the runner has nothing to do yet. */
  readonly step?: Step
  /** How long after the step at most. With 0 it is gone before the step goes on. */
  readonly delayMs: number
  /** Whether the request of the step never arrives. */
  readonly isDropped?: boolean
  /** Whether this kind of script has to be there. */
  readonly needs?: Kind
}

/** Moments in all phases, in their order. */
export const KILL_POINTS: readonly KillPoint[] = [
  { name: 'idle, filling the pool', delayMs: 1_500 },
  { name: 'claim committed, answer lost', step: 'claimed', delayMs: 0 },
  { name: 'claimed, finding a place', step: 'claimed', delayMs: 300 },
  { name: 'looking at an image', needs: 'newcomer', step: 'probe-created', delayMs: 0 },
  { name: 'preparing an image', needs: 'newcomer', step: 'probe-started', delayMs: 2_000 },
  { name: 'container created', needs: 'shellless', step: 'container-created', delayMs: 0 },
  { name: 'container created, starting', step: 'container-created', delayMs: 300 },
  { name: 'container started', needs: 'shellless', step: 'container-started', delayMs: 100 },
  { name: 'inputs half written', step: 'download', delayMs: 20, needs: 'reader' },
  { name: 'start never said', step: 'start-asked', delayMs: 0, isDropped: true },
  { name: 'start said, answer lost', step: 'start-answered', delayMs: 0 },
  { name: 'launching', step: 'start-answered', delayMs: 60 },
  { name: 'script has begun', step: 'begin', delayMs: 0 },
  { name: 'running', step: 'begin', delayMs: 500, needs: 'talker' },
  { name: 'first output', step: 'logs', delayMs: 0, isDropped: true, needs: 'talker' },
  { name: 'printing', step: 'logs', delayMs: 2_000, needs: 'talker' },
  { name: 'script about to end', step: 'end', delayMs: 0 },
  { name: 'exited', step: 'end', delayMs: 60 },
  { name: 'collecting', step: 'finishing', delayMs: 0, needs: 'writer' },
  { name: 'uploading', step: 'upload', delayMs: 20, needs: 'writer' },
  { name: 'end never said', step: 'complete-asked', delayMs: 0, isDropped: true },
  { name: 'end said, answer lost', step: 'complete-answered', delayMs: 0 },
  { name: 'removing', step: 'complete-answered', delayMs: 150 },
  { name: 'container removed', step: 'container-removed', delayMs: 50 },
]
