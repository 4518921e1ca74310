import { RGridError } from '@rgrid/protocol'
import { stat } from 'node:fs/promises'
import { isAbsolute, relative, resolve } from 'node:path'
import { toPosix } from '../files/within.js'

/** A file that a glob has found. */
export interface FoundFile {
  /** As an argument: relative as the glob is, or absolute. */
  readonly path: string
  /** What is left of it below the part of the glob that is no pattern. */
  readonly name: string
}

const MAGIC = /[*?[\]{}()!]/

/**
 * Finds the files that a glob names, sorted. Names that begin with a dot are found only where the glob has the dot.
 *
 * @param leaveOut - a directory that is not looked into, unless the glob itself leads there
 * @throws RGridError `invalid_request` when there is none.
 */
export async function expandGlob(cwd: string, glob: string, leaveOut?: string): Promise<FoundFile[]> {
  const named = await stat(resolve(cwd, glob)).catch(() => undefined)
  if (named?.isFile() === true) return [{ path: glob, name: toPosix(glob).split('/').at(-1) ?? glob }]
  if (named?.isDirectory() === true) throw refuse(glob, `is a directory: write ${glob.replace(/\/+$/, '')}/*`)
  const base = findBase(glob)
  const { glob: find } = await import('tinyglobby')
  const paths = await find(glob, {
    cwd,
    absolute: isAbsolute(glob),
    expandDirectories: false,
    ignore: toIgnored(cwd, base, leaveOut),
  })
  if (paths.length === 0) throw refuse(glob, 'names no file: check the path, and quote the pattern')
  return paths.sort().map((path) => ({ path, name: toPosix(relative(base, path)) }))
}

/** The folders at its beginning that are no patterns. */
function findBase(glob: string): string {
  const parts = glob.split('/')
  const first = parts.findIndex((part) => MAGIC.test(part))
  return parts.slice(0, first === -1 ? -1 : first).join('/') || (isAbsolute(glob) ? '/' : '')
}

function toIgnored(cwd: string, base: string, leaveOut: string | undefined): string[] {
  if (leaveOut === undefined) return []
  const place = relative(resolve(cwd, base), leaveOut)
  const isBelow = place !== '' && !place.startsWith('..') && !isAbsolute(place)
  return isBelow ? [`${toPosix(isAbsolute(base) ? leaveOut : relative(cwd, leaveOut))}/**`] : []
}

const refuse = (glob: string, fault: string): RGridError =>
  new RGridError('invalid_request', `each: ${JSON.stringify(glob)} ${fault}`)
