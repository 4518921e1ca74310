import type { FileRef } from '@rgrid/protocol'
import type { StoredSpec } from '../../store/execution-store.js'
import { HOW } from '../hash-spec.js'

/** A call of a script with its files. */
export interface CalledScript {
  readonly spec: StoredSpec
  readonly files: readonly FileRef[]
}

// These are told one by one.
const NAMED = ['args', 'env', 'resources', 'folders'] as const

const WORDS: Partial<Record<keyof StoredSpec, string>> = {
  dependencies: 'the packages',
  outputs: 'the patterns of outputs',
  stdin: 'the standard input',
  links: 'the links',
}

/** Says what is different between two calls of a script, each in some words. No value of the environment is told. */
export function describeChanges(before: CalledScript, now: CalledScript): string[] {
  return [...describeSpecChanges(before.spec, now.spec), ...describeFileChanges(before, now)]
}

/** The same without the files. */
export function describeSpecChanges(before: StoredSpec, now: StoredSpec): string[] {
  const names = new Set([...Object.keys(before), ...Object.keys(now)]) as Set<keyof StoredSpec>
  const isPlain = (name: keyof StoredSpec): boolean => ![...NAMED, ...HOW].some((other) => other === name)
  return [
    ...(isSame(before.args, now.args) ? [] : ['arguments changed']),
    ...describeNames('environment ', before.env, now.env),
    ...[...names]
      .filter((name) => isPlain(name) && !isSame(before[name], now[name]))
      .map((name) => describeValue(name, before[name], now[name])),
    ...describeNames('', before.resources, now.resources),
    ...(isSame(before.folders.toSorted(), now.folders.toSorted()) ? [] : ['the empty folders changed']),
  ]
}

function describeFileChanges(before: CalledScript, now: CalledScript): string[] {
  const known = toDigests(before.files)
  const wanted = toDigests(now.files)
  const { script } = now.spec
  const scriptChanges = isSame(known[script], wanted[script]) ? [] : [`script ${script} changed`]
  return [...scriptChanges, ...describeNames('input ', known, wanted, script)]
}

const toDigests = (files: readonly FileRef[]): Record<string, string> =>
  Object.fromEntries(
    files.map(({ path, sha256, executable }) => [path, executable ? `${sha256} executable` : sha256]),
  )

/** Says which names came, went, or have another value. */
function describeNames(
  what: string,
  before: Readonly<Record<string, unknown>>,
  now: Readonly<Record<string, unknown>>,
  except?: string,
): string[] {
  const names = new Set([...Object.keys(before), ...Object.keys(now)].filter((name) => name !== except))
  return [...names].toSorted().flatMap((name) => {
    if (!Object.hasOwn(now, name)) return [`${what}${name} is gone`]
    if (!Object.hasOwn(before, name)) return [`${what}${name} is new`]
    return isSame(before[name], now[name]) ? [] : [`${what}${name} changed`]
  })
}

function describeValue(name: keyof StoredSpec, before: unknown, now: unknown): string {
  const words = WORDS[name]
  if (words !== undefined) return `${words} changed`
  return isText(before) && isText(now) ? `${name} changed from ${before} to ${now}` : `${name} changed`
}

const isText = (value: unknown): value is string => typeof value === 'string'

const isSame = (one: unknown, other: unknown): boolean => JSON.stringify(one) === JSON.stringify(other)
