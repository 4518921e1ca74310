import { createPathFilter, LIMITS, patternsSchema, type ArtifactRecord } from '@rgrid/protocol'
import * as z from 'zod'
import { toOptionError } from '../check-call.js'
import { findNameFault } from '../files/name-fault.js'
import type { DownloadOptions } from '../types.js'
import type { NotSaved } from './download-error.js'

/** What is fetched in which way. */
export interface DownloadPlan {
  /** Small files, which come together. */
  readonly together: readonly ArtifactRecord[]
  /** Each comes by itself. */
  readonly single: readonly ArtifactRecord[]
  /** Files with names that some file systems take for that of another one, which is saved before. */
  readonly rivals: readonly Rival[]
  /** What cannot have its name here. */
  readonly failed: readonly NotSaved[]
}

/** A file whose name may be the same as that of another one. */
export interface Rival {
  readonly artifact: ArtifactRecord
  readonly other: string
}

// A request each is as quick for so few.
const FEW = 8

const optionsSchema = z.strictObject({ only: patternsSchema.optional() })

/**
 * Checks the options of a download.
 *
 * @throws RGridError `invalid_request` naming what is wrong.
 */
export function checkDownloadOptions(options: DownloadOptions): void {
  const checked = optionsSchema.safeParse(options)
  if (!checked.success) throw toOptionError(checked.error)
}

/** Parts the files that are wanted by how they are fetched. */
export function planDownload(artifacts: readonly ArtifactRecord[], { only }: DownloadOptions): DownloadPlan {
  const filter = only === undefined ? undefined : createPathFilter(only)
  // Whoever deleted a file does not want it.
  const kept = artifacts.filter(({ deletedAt }) => deletedAt === undefined)
  const wanted = kept.filter(({ path }) => filter?.takes(path) !== false)
  const failed: NotSaved[] = []
  const rivals: Rival[] = []
  const plain: ArtifactRecord[] = []
  const names = new Map<string, string>()
  for (const artifact of wanted) {
    const { path, expiredAt } = artifact
    const fault = findNameFault(path)
    const name = path.normalize('NFC').toLowerCase()
    const other = names.get(name)
    if (fault !== undefined) failed.push({ path, reason: fault })
    else if (expiredAt !== undefined) failed.push({ path, reason: `expired at ${expiredAt}` })
    else if (other !== undefined) rivals.push({ artifact, other })
    else {
      names.set(name, path)
      plain.push(artifact)
    }
  }
  const small = plain.filter(({ size }) => size <= LIMITS.inlineFileBytes)
  const together = small.length > FEW ? small : []
  const single = together.length > 0 ? plain.filter(({ size }) => size > LIMITS.inlineFileBytes) : plain
  return { together, single, rivals, failed }
}
