import { RGridError, type ArtifactRecord } from '@rgrid/protocol'
import type { Retention } from '../retention.js'

const RERUN = 'run it again to have it again'

/** Says when and why the bytes of a file are gone; `undefined` while they are there. */
export function describeExpiry(
  retention: Retention,
  id: string,
  { kind, path, expiredAt, deletedAt }: ArtifactRecord,
): RGridError | undefined {
  const what = `the ${kind} file "${path}" of ${id}`
  if (deletedAt !== undefined)
    return new RGridError('expired', `${what} was deleted at ${deletedAt}: ${RERUN}`)
  if (expiredAt === undefined) return undefined
  return new RGridError(
    'expired',
    `${what} expired at ${expiredAt}: ${describePolicy(retention, 'outputsDays')}`,
  )
}

/** Says that a log is not kept any more. */
export const logExpired = (retention: Retention, id: string, at: number): RGridError =>
  new RGridError(
    'expired',
    `the log of ${id} expired at ${new Date(at).toISOString()}: ${describePolicy(retention, 'logsDays')}`,
  )

function describePolicy(retention: Retention, name: keyof Retention): string {
  const days = retention[name]
  // It may have been another when this expired.
  const kept = days === 'off' ? 'for good by now' : `for ${days} days`
  return `this server keeps such things ${kept} (retention.${name}); ${RERUN}`
}
