import { createHash } from 'node:crypto'
import { resolve } from 'node:path'

/** What makes two calls of `batch` the same. */
export interface LaneKey {
  readonly cwd: string | undefined
  readonly script: string
  readonly template: readonly string[]
  /** The glob, where there is one. */
  readonly pattern: string | undefined
}

const DIGITS = 24

/** The lane of a batch: the same call again, from any process, is in the same. */
export function createLane({ cwd = '.', script, template, pattern = '' }: LaneKey): string {
  const key = JSON.stringify([resolve(cwd), script, template, pattern])
  return createHash('sha256').update(key).digest('hex').slice(0, DIGITS)
}
