import { RGridError, type Dependencies, type Runtime } from '@rgrid/protocol'
import { access } from 'node:fs/promises'
import { dirname, join, resolve } from 'node:path'
import type { LocalFile } from '../files/collect-files.js'
import { findPackage } from './find-package.js'
import { readInlineMetadata } from './read-inline-metadata.js'
import { readRequirements } from './read-requirements.js'

/** The script whose dependencies are looked for, and what its caller says of them. */
export interface DependencyQuery {
  readonly cwd: string
  /** Relative to `cwd`, or absolute. */
  readonly script: string
  /** The script itself. */
  readonly text: string
  readonly runtime: Runtime
  /** What installs packages for the runtime: `pip`, `npm`, or `null` for nothing. */
  readonly installer: string | null
  /** A requirements file, named by the caller. */
  readonly requirements: string | undefined
  /** Whether anything shall be installed. */
  readonly isWanted: boolean
}

/** What is to be installed, and the files that say so: they travel with the script. */
export interface FoundDependencies {
  readonly dependencies?: Dependencies
  readonly files: readonly LocalFile[]
}

const NONE: FoundDependencies = { files: [] }

/**
 * Finds what a script needs installed: the requirements file that the caller names; else for Python its inline metadata
 * or a `requirements.txt` beside it, and for Node a `package.json` with a lockfile. A file without any requirement asks
 * for nothing.
 *
 * @throws RGridError `invalid_request` naming the file that is missing, broken or outside `cwd`.
 */
export async function findDependencies(query: DependencyQuery): Promise<FoundDependencies> {
  const { cwd, installer, requirements, isWanted } = query
  if (requirements !== undefined) {
    assertUsable(query)
    return findRequired(cwd, resolve(cwd, requirements), 'requirements')
  }
  if (!isWanted) return NONE
  if (installer === 'pip') return findForPython(query)
  return installer === 'npm' ? findForNode(query) : NONE
}

function assertUsable({ script, runtime, installer, isWanted }: DependencyQuery): void {
  const fault = !isWanted
    ? 'cannot be used while dependencies are turned off'
    : installer === 'pip'
      ? undefined
      : `is for Python scripts, and ${JSON.stringify(script)} runs on ${runtime}`
  if (fault !== undefined) throw new RGridError('invalid_request', `requirements: ${fault}`)
}

async function findForPython({ cwd, script, text }: DependencyQuery): Promise<FoundDependencies> {
  const inline = await readInlineMetadata(text)
  if (inline !== undefined)
    return inline.length === 0 ? NONE : { dependencies: { kind: 'inline' }, files: [] }
  const beside = join(dirname(resolve(cwd, script)), 'requirements.txt')
  const isThere = await access(beside).then(
    () => true,
    () => false,
  )
  return isThere ? findRequired(cwd, beside, 'dependencies') : NONE
}

async function findRequired(cwd: string, file: string, field: string): Promise<FoundDependencies> {
  const { files, isEmpty } = await readRequirements(cwd, file, field)
  const [first] = files
  if (isEmpty || first === undefined) return NONE
  return { dependencies: { kind: 'requirements', path: first.path }, files }
}

async function findForNode({ cwd, script }: DependencyQuery): Promise<FoundDependencies> {
  const found = await findPackage(cwd, resolve(cwd, script))
  return found === undefined
    ? NONE
    : { dependencies: { kind: 'package', path: found.path }, files: found.files }
}
