import { RUNTIME_RULES, type KnownRuntime, type Runtime, type RuntimeRule } from '@rgrid/protocol'
import { StartError } from '../executor.js'

/** What installs the dependencies of scripts. */
export type InstallerName = 'pip' | 'npm'

/** What a runtime is, and what a script has that chooses it. */
export interface RuntimeEntry extends RuntimeRule {
  /** What its containers are made of. */
  readonly image: string
  /** What runs a script: a program found on the `PATH`, or an absolute path, and its first arguments. */
  readonly command: readonly string[]
  readonly installer: InstallerName | null
}

/** The runtimes of a runner: those that every RGrid knows, and its own. */
export type RuntimeTable = Readonly<Record<KnownRuntime, RuntimeEntry>> &
  Readonly<Record<string, RuntimeEntry>>

const define = (
  runtime: KnownRuntime,
  image: string,
  program: string,
  installer: InstallerName | null,
): RuntimeEntry => ({ image, command: [program], installer, ...RUNTIME_RULES[runtime] })

const python = (runtime: KnownRuntime, image: string) => define(runtime, image, 'python3', 'pip')
const node = (runtime: KnownRuntime, image: string) => define(runtime, image, 'node', 'npm')

/** What runtimes are where nothing else is configured; a bare family means its preferred version. */
export const DEFAULT_RUNTIMES: Readonly<Record<KnownRuntime, RuntimeEntry>> = {
  python: python('python', 'python:3.12-slim'),
  'python3.11': python('python3.11', 'python:3.11-slim'),
  'python3.12': python('python3.12', 'python:3.12-slim'),
  'python3.13': python('python3.13', 'python:3.13-slim'),
  node: node('node', 'node:22-slim'),
  node20: node('node20', 'node:20-slim'),
  node22: node('node22', 'node:22-slim'),
  node24: node('node24', 'node:24-slim'),
  bash: define('bash', 'debian:stable-slim', 'bash', null),
}

/**
 * The entry of a runtime.
 *
 * @throws StartError where the table has none.
 */
export function getEntry(table: RuntimeTable, runtime: Runtime): RuntimeEntry {
  // Every object knows names of its own, such as `constructor`.
  const entry = Object.hasOwn(table, runtime) ? table[runtime] : undefined
  if (entry === undefined) throw new StartError('internal', `this runner has no runtime ${runtime}`)
  return entry
}
