import type { BatchEvent } from '@rgrid/protocol'
import { createDeferred } from '../execution/deferred.js'

/** The end of one item, with its place in the stream of its batch. */
export type ItemEvent = Extract<BatchEvent, { type: 'item' }>

/** Keeps the latest events of a batch for those who read along. */
export interface EventWindow {
  push(event: ItemEvent): void
  end(): void
  /**
   * Yields the events from the first one on, live. Returns `true` when there are no more, `false` when the reader is behind
   * what is kept: it goes on at the server, behind the last event it has seen.
   */
  read(): AsyncGenerator<ItemEvent, boolean>
}

/** Makes an {@link EventWindow} that keeps up to `maxFiles` names of files, so that a slow reader costs no memory. */
export function createEventWindow(maxFiles: number): EventWindow {
  const kept: ItemEvent[] = []
  let dropped = 0
  let files = 0
  let ended = false
  let wake = createDeferred<undefined>()

  const notify = (): void => {
    wake.resolve(undefined)
    wake = createDeferred()
  }

  return {
    push(event) {
      kept.push(event)
      files += weigh(event)
      while (files > maxFiles) {
        const oldest = kept.shift()
        if (oldest === undefined) break
        files -= weigh(oldest)
        dropped++
      }
      notify()
    },
    end() {
      ended = true
      notify()
    },
    async *read() {
      for (let next = 0; ;) {
        if (next < dropped) return false
        const event = kept[next - dropped]
        if (event !== undefined) {
          next++
          yield event
        } else if (ended) return true
        else await wake.promise
      }
    },
  }
}

/** A record of an execution is as large as its files are many. */
const weigh = ({ item }: ItemEvent): number =>
  1 + item.execution.artifacts.length + item.execution.skipped.length
