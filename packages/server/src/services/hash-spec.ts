import type { FileRef } from '@rgrid/protocol'
import { createHmac } from 'node:crypto'
import type { StoredSpec } from '../store/execution-store.js'
import { sha256Of } from './inline-files.js'

/** Names a spec: equal for equal specs, whatever the order of their records and files and however bytes travel. */
export function hashSpec(
  spec: Partial<StoredSpec> & { readonly retryOf?: string | undefined },
  files: readonly FileRef[],
): string {
  const byPath = [...files].sort((a, b) => compare(a.path, b.path))
  return sha256Of(JSON.stringify({ ...spec, files: byPath }, sortKeys))
}

/** The names of what says how something is run, and not what. */
export const HOW = [
  'labels',
  'timeoutMs',
  'isolation',
  'executor',
  'rewrites',
  'key',
  'priority',
  'retries',
  'cache',
] as const

/**
 * Names what an execution works out: equal where script, arguments, environment, runtime, image, packages, files,
 * resources and network are equal. Where one of them completed, the other need not run.
 *
 * @param salt - the project's: without it nobody can find out a secret of the environment by guessing
 * @param repeat - tells executions apart that are to run although they are equal
 */
export function toFingerprint(
  salt: string,
  spec: StoredSpec,
  files: readonly FileRef[],
  repeat: number,
): string {
  const what = Object.entries(spec).filter(([name]) => !HOW.some((other) => other === name))
  const text = JSON.stringify([hashSpec(Object.fromEntries(what), files), repeat])
  return createHmac('sha256', salt).update(text).digest('hex')
}

const sortKeys = (_key: string, value: unknown): unknown =>
  typeof value === 'object' && value !== null && !Array.isArray(value)
    ? Object.fromEntries(Object.entries(value).sort(([a], [b]) => compare(a, b)))
    : value

const compare = (a: string, b: string): number => (a < b ? -1 : a > b ? 1 : 0)
