import { randomBytes } from 'node:crypto'
import { StartError, type Running } from '../../executor.js'
import type { EngineWatch } from '../engine-watch.js'
import { toEnvironment } from '../environment.js'
import { formatLaunchScript, type LaunchScript } from '../launch-script.js'
import { createEndMark } from './fifo-output.js'
import { followWaiting, listenTo, stopListening } from './follow-waiting.js'
import { formatCall, suits } from './interpreter.js'
import type { LaunchNote } from './launch-note.js'
import { writeFifo } from './open-fifo.js'
import { toFifo, type StartedContainer, type WaitingContainer } from './waiting-container.js'

/** How a script is started in a waiting container. */
export interface WaitingLaunch {
  readonly script: LaunchScript
  readonly engine: EngineWatch
  /** Called at the end of a script whose shared container can serve another: it is frozen. */
  readonly onGoodEnd: () => void
}

/** What a container is told so that a script starts in it. */
export type Order = Pick<LaunchNote, 'verb' | 'token'>

// One that takes longer to start is not waited for: starting another is no slower then.
const INTERPRETER_WITHIN_MS = 250
const TOKEN_BYTES = 16

/**
 * Starts a script in a waiting container. What it takes to go on with it is noted before, should this process be killed.
 *
 * @throws StartError when the container is not there any more; then the script was not started.
 */
export async function launchWaiting(
  waiting: WaitingContainer,
  { script, engine, onGoodEnd }: WaitingLaunch,
): Promise<Running> {
  const { shape, own } = waiting
  const { memoryMib, diskMib } = shape.resources
  const { memo, deadlineMs, inputBytes, mayStart } = script
  const order: Order = {
    token: randomBytes(TOKEN_BYTES).toString('hex'),
    verb: await bringLaunch(waiting, script),
  }
  const endMark = createEndMark()
  const listening = listenTo(waiting, endMark)
  const before = waiting.look()
  await mayStart?.catch((error: unknown) => {
    stopListening(listening)
    throw error
  })
  // Scripts that share a container are not gone on with: the runner knows what was in it before, and only in its memory.
  if (memo !== undefined && !shape.isShared) {
    const said = {
      ...order,
      endMark: endMark.toString('hex'),
      environment: toEnvironment(shape.image.id),
      memo,
      deadlineMs,
      inputBytes,
      memoryMib,
      diskMib,
    }
    const layer = shape.layer ?? null
    const note: LaunchNote = { version: 2, ...said, layer, before: before ?? null, startedAt: Date.now() }
    waiting.directory.note(JSON.stringify(note))
  }
  const startedAt = performance.now()
  // First: only the first is heard, and the script could forge one as soon as it runs.
  writeFifo(toFifo(waiting.directory, 'deadline'), `${Math.ceil(deadlineMs / 1_000)} ${order.token}`)
  if (!waiting.isAlive() || !give(waiting, order)) {
    stopListening(listening)
    throw new StartError('internal', 'the container that waited for the script has gone')
  }
  return followWaiting(waiting, listening, {
    ...{ token: order.token, startedAt, deadlineMs, memoryMib, before, engine, onGoodEnd },
    own: shape.isShared ? own : undefined,
  })
}

/**
 * Tells a container to start what was brought to it. Told again it starts nothing, and ends when the script has.
 *
 * @returns `false` when it is not there any more.
 */
export function give({ directory }: StartedContainer, { verb, token }: Order): boolean {
  if (!writeFifo(toFifo(directory, 'go'), `${verb} ${token}`)) return false
  // The interpreter is nearer than the shell, which only has to wait for its end.
  if (verb === 'wake') writeFifo(toFifo(directory, 'wake'), '')
  return true
}

/** Puts a launch where the container looks for it, and says what its shell is told to do with it. */
async function bringLaunch(
  { directory, shape: { interpreter }, events }: WaitingContainer,
  launch: LaunchScript,
): Promise<Order['verb']> {
  const canWake =
    interpreter !== undefined &&
    suits(interpreter, launch) &&
    (await events.isInterpreterUp(INTERPRETER_WITHIN_MS))
  if (canWake) directory.write('call', formatCall(launch))
  else directory.write('launch', formatLaunchScript(launch))
  return canWake ? 'wake' : 'run'
}
