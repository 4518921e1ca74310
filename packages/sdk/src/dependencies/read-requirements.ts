import { RGridError } from '@rgrid/protocol'
import { readFile } from 'node:fs/promises'
import { dirname, relative, resolve } from 'node:path'
import type { LocalFile } from '../files/collect-files.js'
import { codeOf } from '../files/read-script.js'
import { toWithin } from '../files/within.js'

/** A requirements file with all that it names. */
export interface Requirements {
  /** The file itself first, then those that it names with `-r` and `-c`, also indirectly. */
  readonly files: readonly LocalFile[]
  /** Whether no package is required in any of them. */
  readonly isEmpty: boolean
}

/** A file to be read, and who named it. */
interface Pending {
  readonly source: string
  readonly namedIn: string | undefined
  /** A constraint is no requirement. */
  readonly isConstraint: boolean
}

const NAMES_FILE = /^(?:(-[rc])\s*|(--requirement|--constraint)(?:\s+|\s*=\s*))(?<file>\S.*)$/
const LOCAL = /^(?:(?:-e|--editable)[\s=]*)?(?:\.|\/|file:)|\s@\s*file:/

/**
 * Reads a requirements file as pip does, with the files that it names.
 *
 * @param field - what the user said it with, for errors
 * @throws RGridError `invalid_request` when a file is missing or outside `cwd`, or names a local package.
 */
export async function readRequirements(cwd: string, file: string, field: string): Promise<Requirements> {
  const files = new Map<string, LocalFile>()
  const pending: Pending[] = [{ source: file, namedIn: undefined, isConstraint: false }]
  let isEmpty = true
  for (let next = pending.shift(); next !== undefined; next = pending.shift()) {
    if (files.has(next.source)) continue
    const fail = createFail(cwd, next, field)
    const path = toWithin(cwd, next.source)
    if (path === undefined)
      throw fail('is outside the current directory and cannot travel: run from above it')
    files.set(next.source, { path, source: next.source, reason: { kind: 'requirements' } })
    const text = await readFile(next.source, 'utf8').catch((error: unknown) => {
      throw fail(`cannot be read (${codeOf(error)}): check the path`, error)
    })
    for (const line of toLines(text)) {
      const named = NAMES_FILE.exec(line)
      if (named !== null) pending.push(...toPending(named, next))
      else if (LOCAL.test(line)) throw fail(`requires a local package, which does not travel: ${line}`)
      else if (!line.startsWith('-') && !next.isConstraint) isEmpty = false
    }
  }
  return { files: [...files.values()], isEmpty }
}

/** The lines with something on them, continued ones joined, without comments. */
const toLines = (text: string): string[] =>
  text
    .replace(/^\ufeff/, '')
    .replace(/\\\r?\n/g, '')
    .split(/\r?\n/)
    .map((line) => line.replace(/(^|\s)#.*$/, '').trim())
    .filter((line) => line !== '')

function toPending(named: RegExpExecArray, { source, isConstraint }: Pending): Pending[] {
  const file = (named.groups?.['file'] ?? '').replace(/^(["'])(.*)\1$/, '$2')
  if (file.includes('://')) return []
  const option = named[1] ?? named[2]
  const constrains = isConstraint || option === '-c' || option === '--constraint'
  return [{ source: resolve(dirname(source), file), namedIn: source, isConstraint: constrains }]
}

function createFail(cwd: string, { source, namedIn }: Pending, field: string) {
  const show = (path: string): string => JSON.stringify(relative(cwd, path))
  const by = namedIn === undefined ? '' : `, which ${show(namedIn)} names,`
  return (words: string, cause?: unknown) =>
    new RGridError('invalid_request', `${field}: ${show(source)}${by} ${words}`, { cause })
}
