import { adoptedSchema, formatAttemptId, RGridError, type Adopted } from '@rgrid/protocol'
import { RETRY_LONG } from '@rgrid/protocol/client'
import { randomBytes } from 'node:crypto'
import type { Adoption, Orphan } from '../executors/executor.js'
import { parseMemo, toWorkspace, type AttemptMemo } from './attempt-memo.js'
import { createAttemptReporter, type AttemptRight } from './attempt-reporter.js'
import { followScript } from './follow-script.js'
import { keepLease } from './lease-keeper.js'
import { removeSoon, type AttemptContext } from './run-attempt.js'

const TOKEN_BYTES = 16

/**
 * Goes on with a script that a killed runner has started, if the server still has it for that runner's.
 *
 * @returns the rest of the attempt, which never rejects; `undefined` when the attempt is over, or somebody else's.
 * @throws RGridError when the server cannot be asked.
 */
export async function adoptAttempt(
  context: AttemptContext,
  runnerId: string,
  orphan: Orphan,
): Promise<(() => Promise<void>) | undefined> {
  const memo = parseMemo(orphan.memo)
  if (memo === undefined) return undefined
  const leaseToken = randomBytes(TOKEN_BYTES).toString('hex')
  // Before the server knows it: this runner may be killed before it learns that it does.
  orphan.remember(JSON.stringify({ ...memo, leaseTokens: [leaseToken, ...memo.leaseTokens] }))
  const adopted = await askServer(context, runnerId, memo, leaseToken)
  if (adopted === undefined) return undefined
  orphan.remember(JSON.stringify({ ...memo, leaseTokens: [leaseToken] }))
  const { executionId, attempt } = memo
  const right = { executionId, attempt, leaseToken }
  context.logger.info(`going on with ${formatAttemptId(executionId, attempt)}, whose runner was killed`)
  return () => goOn(context, { memo, right, adopted }, orphan.adopt())
}

async function askServer(
  { api, stopped }: AttemptContext,
  runnerId: string,
  { executionId, attempt, leaseTokens }: AttemptMemo,
  nextLeaseToken: string,
): Promise<Adopted | undefined> {
  const path = `/v1/runner/attempts/${formatAttemptId(executionId, attempt)}/adopt`
  for (const leaseToken of leaseTokens) {
    const json = { leaseToken, nextLeaseToken, runnerId }
    try {
      return await api.call(
        adoptedSchema,
        { method: 'POST', path, json },
        { signal: stopped, retry: RETRY_LONG },
      )
    } catch (error) {
      if (!(error instanceof RGridError) || error.code !== 'lease_lost') throw error
    }
  }
  return undefined
}

interface Taken {
  readonly memo: AttemptMemo
  readonly right: AttemptRight
  readonly adopted: Adopted
}

async function goOn(
  context: AttemptContext,
  { memo, right, adopted }: Taken,
  { place, running, startedAt }: Adoption,
): Promise<void> {
  const { api, logBytes, stopped, logger } = context
  const lost = new AbortController()
  const cancelled = new AbortController()
  if (adopted.cancelRequested) cancelled.abort()
  const lease = keepLease({
    ...context,
    right,
    onCancel: () => cancelled.abort(),
    onLost: () => lost.abort(),
  })
  const reporter = createAttemptReporter(api, right, logBytes, lost.signal)
  const log = reporter.openLog(adopted)
  // What the killed runner had read and not yet told is gone, and nobody can know how much that was.
  log.markGap()
  const timeoutMs = Math.max(0, memo.timeoutMs - (Date.now() - startedAt))
  const stop = { timeoutMs, cancelled: cancelled.signal, stopped, lost: lost.signal }
  const workspace = toWorkspace(memo, place.workDir)
  const warn = (error: unknown): void => logger.warn(`attempt ${reporter.id}: ${String(error)}`)
  try {
    await followScript({ api, reporter, lease, log, place, workspace, stop }, running)
  } catch (error) {
    warn(error)
  } finally {
    lease.stop()
    context.cleanUp(removeSoon(place).catch(warn))
  }
}
