import { isTerminal, type Cursor } from '@rgrid/protocol'
import { RECHECK_MS, type Context } from '../context.js'
import { executionTopic } from '../signals.js'
import type { Glance } from '../store/execution-store.js'
import { formatEnd, formatLog, formatState } from './event-text.js'
import { getExecution } from './executions.js'
import { explainQueue, joinReasons } from './explain-queue.js'
import { streamEvents, type NextEvents } from './stream-events.js'

const BATCH_BYTES = 256 * 1024
// Most executions wait for less, and finding out what one waits for would hold up its claim.
const EXPLAIN_AFTER_MS = 100

interface Follower {
  readonly project: string
  readonly id: string
  /** From when on it is told what the execution waits for. */
  readonly explainFrom: number
  cursor: Cursor
  lastState: string
  /** Whether it has still to be told what the execution waits for. */
  isUnexplained: boolean
}

interface Batch extends NextEvents {
  /** Whether there is nothing more to read before something happens. */
  readonly isUpToDate: boolean
}

/**
 * The events of an execution from a cursor on, as text of an event stream. Nothing is read ahead: each pull reads what is
 * behind the cursor, so that a slow follower holds no memory and slows nobody.
 *
 * @param isNew - whether the execution waits from this moment on: then it is not told at once what it waits for
 */
export function followExecution(
  context: Context,
  project: string,
  id: string,
  after: Cursor,
  isNew = false,
): ReadableStream<Uint8Array> {
  const follower: Follower = {
    project,
    id,
    explainFrom: performance.now() + (isNew ? EXPLAIN_AFTER_MS : 0),
    cursor: after,
    lastState: '',
    isUnexplained: isNew,
  }
  // A runner has most executions before this could be told, and shall not be held up by it.
  let isUpToDate = isNew
  return streamEvents(context, {
    id,
    topic: executionTopic(id),
    async read() {
      const batch = await readBatch(context, follower)
      isUpToDate = batch.isUpToDate
      return batch
    },
    getWaitMs: () => (!isUpToDate ? 0 : follower.isUnexplained ? EXPLAIN_AFTER_MS : RECHECK_MS),
  })
}

async function readBatch(context: Context, follower: Follower): Promise<Batch> {
  const { project, id } = follower
  // The status is read before the log: what is finished by then has no log byte that the next read does not see.
  const glance = await context.store.executions.glance(project, id)
  if (glance === undefined) return { text: '', isEnd: true, isUpToDate: true }
  const chunks = mayBeBehind(follower.cursor, glance)
    ? await context.store.logs.read(project, id, follower.cursor, BATCH_BYTES)
    : []
  const last = chunks.at(-1)
  if (last !== undefined) follower.cursor = { attempt: last.attempt, seq: last.seq }
  const logs = chunks.map(formatLog).join('')
  // Logs go first: a follower that loses its connection after every event still gets on.
  if (!isTerminal(glance.status)) {
    const text = logs + (await nextState(context, follower, glance))
    return { text, isEnd: false, isUpToDate: chunks.length === 0 }
  }
  if (chunks.length > 0 && mayBeBehind(follower.cursor, glance))
    return { text: logs, isEnd: false, isUpToDate: false }
  return { text: logs + formatEnd(await getExecution(context, project, id)), isEnd: true, isUpToDate: true }
}

/** Whether there may be log chunks behind a cursor: certain for this attempt, unknown for those before it. */
const mayBeBehind = (cursor: Cursor, { attempt, lastSeq }: Glance): boolean =>
  attempt === cursor.attempt ? lastSeq > cursor.seq : attempt > 1 || lastSeq > 0

/** The state event, when it says anything new. */
async function nextState(context: Context, follower: Follower, glance: Glance): Promise<string> {
  const { status, attempt, pool, needs, progress } = glance
  follower.isUnexplained = status === 'queued' && performance.now() < follower.explainFrom
  const reason =
    status === 'queued' && !follower.isUnexplained
      ? await explainQueue(context, follower.project, pool, needs)
      : null
  const text = formatState({ status, attempt, message: joinReasons(progress, reason) })
  if (text === follower.lastState) return ''
  follower.lastState = text
  return text
}
