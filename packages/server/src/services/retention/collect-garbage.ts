import type { Context } from '../../context.js'
import type { Expiring, TurnOrder } from '../../store/retention-store.js'
import { removeFile, sweepFiles } from './remove-files.js'

const DAY_MS = 24 * 3_600_000
// Far longer than one step takes.
const LEASE_MS = 120_000

/** How one round of collecting goes. */
export interface Round {
  /** Who collects, so that one server at a time does. */
  readonly holder: string
  /** Nothing is done when the last round is less old. */
  readonly everyMs: number
  /** Breaks the round off after the step under way; the next one goes on. */
  readonly signal: AbortSignal
  /** Lets others at the store between two steps, of which the last took so long. */
  readonly pause: (workedMs: number) => Promise<unknown>
}

/** Takes away what has expired and what nothing refers to any more, in small steps. Does nothing when nothing is due. */
export async function collectGarbage(context: Context, round: Round): Promise<void> {
  const { store } = context
  const order: TurnOrder = { holder: round.holder, leaseMs: LEASE_MS, everyMs: round.everyMs }
  const turn = await store.retention.takeTurn(order)
  if (turn === undefined) return
  const isDone = await takeSteps(round, async () => (await store.retention.takeTurn(order)) !== undefined, [
    ...listExpiring(context).map(
      ({ what, ms }) =>
        async () =>
          (await store.retention.expire(what, ms)) > 0,
    ),
    () => store.retention.drain(),
    () => collectBlobs(context),
    sweepFiles(context, turn.position),
    () => store.retention.shrink(),
  ])
  await store.retention.endTurn(round.holder, isDone)
}

/** Takes each step until it says that there is no more to do; whether all came to their end. */
async function takeSteps(
  { signal, pause }: Round,
  keepTurn: () => Promise<boolean>,
  steps: readonly (() => Promise<boolean>)[],
): Promise<boolean> {
  let keptAt = performance.now()
  for (const step of steps) {
    for (let isMore = true; isMore;) {
      if (signal.aborted) return false
      const startedAt = performance.now()
      if (startedAt - keptAt > LEASE_MS / 4) {
        if (!(await keepTurn())) return false
        keptAt = startedAt
      }
      isMore = await step()
      await pause(performance.now() - startedAt)
    }
  }
  return true
}

function listExpiring({ retention }: Context): { readonly what: Expiring; readonly ms: number }[] {
  const { outputsDays, logsDays, executionsDays } = retention
  const days = { outputs: outputsDays, logs: logsDays, executions: executionsDays }
  return (['outputs', 'logs', 'executions'] as const).flatMap((what) => {
    const kept = days[what]
    return kept === 'off' ? [] : [{ what, ms: kept * DAY_MS }]
  })
}

async function collectBlobs(context: Context): Promise<boolean> {
  const { looked, files } = await context.store.retention.collectBlobs()
  if (files.length > 0) {
    // A power cut must not bring rows back whose files are gone.
    await context.store.flush()
    for (const sha256 of files) await removeFile(context, sha256)
  }
  return looked > 0
}
