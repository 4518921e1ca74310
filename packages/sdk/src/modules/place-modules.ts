import { findPathFault, LIMITS, RGridError } from '@rgrid/protocol'
import { posix } from 'node:path'
import { OUTSIDE, type LocalFile } from '../files/collect-files.js'
import type { LocalModule } from './find-modules.js'

/** Where modules go, and which of them cannot. */
export interface PlacedModules {
  readonly placed: readonly LocalFile[]
  /** Those from above the workspace: their path is the one that they would need. */
  readonly left: readonly LocalFile[]
}

/** How many folders above the script its modules are at most. */
export const getReach = (modules: readonly LocalModule[]): number =>
  Math.max(0, ...modules.map(({ beside }) => beside.split('/').filter((part) => part === '..').length))

/**
 * Gives modules their places in the workspace: as seen from the script they are where they are at home.
 *
 * @param script - the script's path in the workspace
 * @throws RGridError `invalid_request` when there are too many, or one cannot have its place.
 */
export function placeModules(script: string, modules: readonly LocalModule[]): PlacedModules {
  if (modules.length >= LIMITS.inputFiles)
    throw new RGridError(
      'invalid_request',
      `script: it imports more than the limit of ${LIMITS.inputFiles} files: --no-upload sends none of them`,
    )
  const toPath = (beside: string): string => posix.join(posix.dirname(script), beside)
  const top = script.startsWith(`${OUTSIDE}/`) ? script.split('/').slice(0, 3).join('/') : '.'
  const placed: LocalFile[] = []
  const left: LocalFile[] = []
  for (const { source, beside, by, line } of modules) {
    const path = toPath(beside)
    const reason =
      line === null ? ({ kind: 'package' } as const) : ({ kind: 'import', by: toPath(by), line } as const)
    const isLeft = posix.relative(top, path).startsWith('..')
    if (!isLeft) assertPath(path)
    ;(isLeft ? left : placed).push({ path, source, reason })
  }
  return { placed, left }
}

function assertPath(path: string): void {
  const fault = findPathFault(path)
  if (fault !== undefined)
    throw new RGridError('invalid_request', `script: it imports ${JSON.stringify(path)}, which ${fault}`)
}
