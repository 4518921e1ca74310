import type { RawPiece } from './decode-log.js'
import { createDeferred } from './deferred.js'

/** Keeps the head of a live log for readers that come at any time. */
export interface LogBuffer {
  push(piece: RawPiece): void
  end(): void
  /**
   * Yields the pieces from the first one on, live. Returns `true` when the log is over, `false` when it went on
   * beyond what is kept: the reader goes on at the server, behind the last piece it has seen.
   */
  read(): AsyncGenerator<RawPiece, boolean>
}

/** Makes a {@link LogBuffer} that keeps up to `maxBytes`, so that a slow reader costs no memory. */
export function createLogBuffer(maxBytes: number): LogBuffer {
  const pieces: RawPiece[] = []
  let bytes = 0
  let state: 'open' | 'full' | 'ended' = 'open'
  let wake = createDeferred<undefined>()

  const notify = (): void => {
    wake.resolve(undefined)
    wake = createDeferred()
  }

  return {
    push(piece) {
      if (state !== 'open') return
      bytes += piece.bytes.byteLength
      if (bytes > maxBytes) state = 'full'
      else pieces.push(piece)
      notify()
    },
    end() {
      if (state === 'open') state = 'ended'
      notify()
    },
    async *read() {
      for (let next = 0; ;) {
        const piece = pieces[next]
        if (piece !== undefined) {
          next++
          yield piece
        } else if (state !== 'open') return state === 'ended'
        else await wake.promise
      }
    },
  }
}
