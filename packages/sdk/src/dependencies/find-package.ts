import { RGridError } from '@rgrid/protocol'
import { access } from 'node:fs/promises'
import { dirname, join, relative } from 'node:path'
import * as z from 'zod'
import { readOptional } from '../config/read-optional.js'
import type { LocalFile } from '../files/collect-files.js'
import { toWithin } from '../files/within.js'

/** The folder of a `package.json` that names dependencies, and the two files that say which. */
export interface NodePackage {
  /** In the workspace; `.` is the workspace itself. */
  readonly path: string
  readonly files: readonly LocalFile[]
}

// What is wrong in them npm itself will say.
const listSchema = z.record(z.string(), z.unknown()).optional().catch(undefined)

const manifestSchema = z
  .object({ dependencies: listSchema, optionalDependencies: listSchema })
  .catch({ dependencies: undefined, optionalDependencies: undefined })

// In the order in which npm prefers them.
const LOCKS = ['npm-shrinkwrap.json', 'package-lock.json']

/**
 * Finds the package that a Node script belongs to: the nearest folder with a `package.json` and a lockfile, from the
 * script's folder up to `cwd`.
 *
 * @returns `undefined` when there is none, or it names no dependencies.
 * @throws RGridError `invalid_request` when its `package.json` cannot be read, or it is outside `cwd`.
 */
export async function findPackage(cwd: string, script: string): Promise<NodePackage | undefined> {
  for (let folder = dirname(script); ; folder = dirname(folder)) {
    const manifest = await readOptional(join(folder, 'package.json'))
    const lock = manifest === undefined ? undefined : await findLock(folder)
    const path = folder === cwd ? '.' : toWithin(cwd, folder)
    if (manifest !== undefined && lock !== undefined) {
      if (!hasDependencies(manifest, join(folder, 'package.json'))) return undefined
      return { path: path ?? refuse(cwd, folder), files: toFiles(path, folder, lock) }
    }
    if (path === undefined || path === '.') return undefined
  }
}

async function findLock(folder: string): Promise<string | undefined> {
  for (const name of LOCKS) {
    const isThere = await access(join(folder, name)).then(
      () => true,
      () => false,
    )
    if (isThere) return name
  }
  return undefined
}

function hasDependencies(manifest: string, file: string): boolean {
  const { dependencies, optionalDependencies } = manifestSchema.parse(parse(manifest, file))
  return Object.keys({ ...dependencies, ...optionalDependencies }).length > 0
}

function parse(manifest: string, file: string): unknown {
  try {
    return JSON.parse(manifest)
  } catch (error) {
    throw new RGridError('invalid_request', `dependencies: ${JSON.stringify(file)} is not valid JSON`, {
      cause: error,
    })
  }
}

const toFiles = (path: string | undefined, folder: string, lock: string): LocalFile[] =>
  ['package.json', lock].map((name) => ({
    path: path === undefined || path === '.' ? name : `${path}/${name}`,
    source: join(folder, name),
    reason: { kind: 'package' },
  }))

function refuse(cwd: string, folder: string): never {
  throw new RGridError(
    'invalid_request',
    `dependencies: "${relative(cwd, join(folder, 'package.json'))}" is outside the current directory and cannot travel: run from above it`,
  )
}
