import { executionSchema, parseCursor, RGridError } from '@rgrid/protocol'
import { followEvents, type Api, type FetchResponse } from '@rgrid/protocol/client'
import { createKeepAlive } from '../keep-alive.js'
import type { Execution, LogPiece, Result, StatusListener } from '../types.js'
import { createCanceller } from './create-canceller.js'
import { createResult } from './create-result.js'
import { createLogDecoder, toRawPiece, type RawPiece } from './decode-log.js'
import { createDeferred } from './deferred.js'
import { createLogBuffer } from './log-buffer.js'
import { createStatusBoard } from './status-board.js'
import { createTextCapture } from './text-capture.js'
import { createUploadBoard, type UploadBoard, type UploadProgress } from './upload-board.js'

/** An execution that the server has accepted, with the stream of its events. */
export interface Opened {
  readonly api: Api
  /** Which it is: another than was asked for where its key had been used before. */
  readonly id: string
  readonly events: FetchResponse
}

/** What watches over an execution until it is accepted. */
export interface Opening {
  readonly board: UploadBoard
  /** Says that it is not wanted any more: then it fails with the signal's reason, unless it is accepted. */
  readonly signal: AbortSignal
}

const CAPTURE_BYTES = 1024 * 1024
const BUFFER_BYTES = 1024 * 1024

/**
 * Makes the handle of an execution: a native promise with properties, already on its way.
 *
 * @param open - submits the execution or finds it; called once, at once
 * @param signal - cancels the execution when it aborts
 */
export function createExecution(
  minted: string,
  open: (opening: Opening) => Promise<Opened>,
  signal?: AbortSignal,
): Execution {
  const accepted = createDeferred<undefined>()
  const uploads = createUploadBoard()
  const cancelOpened = async (found: Opened): Promise<void> => {
    if (!over) await cancelExecution(found.api, found.id)
  }
  const canceller = createCanceller(() => opened, cancelOpened, signal)
  let id = minted
  const opened = open({ board: uploads, signal: canceller.signal })
  const buffer = createLogBuffer(BUFFER_BYTES)
  const board = createStatusBoard()
  let over = false

  const follow = async (): Promise<Result> => {
    const keepAlive = createKeepAlive()
    const capture = createTextCapture(CAPTURE_BYTES)
    try {
      const { api, events, ...known } = await opened
      id = known.id
      accepted.resolve(undefined)
      for await (const event of followEvents(api, id, { opened: events })) {
        if (event.type === 'state') board.set(event.state.status, event.state.message, event.state.attempt)
        if (event.type === 'end') return finish(api, event.execution, capture.end(event.execution.attempt))
        if (event.type === 'log') {
          const piece = toRawPiece(event.cursor, event.log)
          capture.push(piece)
          buffer.push(piece)
        }
      }
      throw new RGridError('protocol', `the events of ${id} stopped before its end`)
    } catch (error) {
      accepted.reject(error)
      throw error
    } finally {
      over = true
      buffer.end()
      keepAlive.release()
      canceller.release()
    }
  }
  const finish: typeof createResult = (api, record, captured) => {
    board.set(record.status, record.message, record.attempt)
    return createResult(api, record, captured)
  }

  /** Pieces from the buffer, and behind it from the server. */
  async function* readPieces(): AsyncGenerator<RawPiece, void> {
    let last: RawPiece | undefined
    const head = buffer.read()
    for (let next = await head.next(); ; next = await head.next()) {
      if (next.done === true) {
        if (next.value) return
        break
      }
      last = next.value
      yield next.value
    }
    const { api, ...known } = await opened
    const after = last === undefined ? undefined : parseCursor(last.cursor)
    for await (const event of followEvents(api, known.id, { after })) {
      if (event.type === 'log') yield toRawPiece(event.cursor, event.log)
    }
  }
  async function* readLogs(): AsyncGenerator<LogPiece, void> {
    const decoder = createLogDecoder()
    for await (const piece of readPieces()) yield* decoder.decode(piece)
    yield* decoder.end()
    await result
  }
  const logs = (): AsyncIterable<LogPiece> => {
    // Whoever reads the output hears of a failure there, so the promise itself need not be awaited meanwhile.
    result.catch(() => undefined)
    return { [Symbol.asyncIterator]: readLogs }
  }

  const result = follow()
  accepted.promise.catch(() => undefined)

  const identified = Object.defineProperty(result, 'id', { get: () => id, enumerable: true })
  return Object.assign(identified as Promise<Result> & { readonly id: string }, {
    logs,
    accepted: accepted.promise,
    cancel: canceller.cancel,
    status: async () => {
      const { api, ...known } = await opened
      return api.call(executionSchema, { method: 'GET', path: `/v1/executions/${known.id}` })
    },
    onStatus: (listener: StatusListener) => board.watch(listener),
    onUpload: (listener: (progress: UploadProgress) => void) => uploads.watch(listener),
    [Symbol.asyncIterator]: () => logs()[Symbol.asyncIterator](),
    async [Symbol.asyncDispose]() {
      if (!over) canceller.cancelQuietly()
      await result.catch(() => undefined)
    },
  })
}

/** Asks for the end of an execution. One that has ended meanwhile is fine: its result is what counts. */
async function cancelExecution(api: Api, id: string): Promise<void> {
  try {
    await api.call(executionSchema, { method: 'POST', path: `/v1/executions/${id}/cancel` })
  } catch (error) {
    if (!(error instanceof RGridError && error.code === 'already_finished')) throw error
  }
}
