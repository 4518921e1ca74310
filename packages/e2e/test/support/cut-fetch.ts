import type { Fetch } from '@rgrid/protocol/client'

const EVENT_END = '\n\n'

/** A `fetch` whose event streams break after `events` events each, as if a proxy cut every connection. */
export function createCutFetch(inner: Fetch, events: number): Fetch & { readonly cuts: () => number } {
  let cuts = 0
  const cutFetch: Fetch = async (url, init) => {
    const response = await inner(url, init)
    const isStream = response.headers.get('content-type')?.startsWith('text/event-stream') === true
    if (!isStream || response.body === null) return response
    const { status, headers, body } = response
    const onCut = (): void => void cuts++
    return { status, headers, body: body.pipeThrough(createCutter(events, onCut)) }
  }
  return Object.assign(cutFetch, { cuts: () => cuts })
}

function createCutter(events: number, onCut: () => void): TransformStream<Uint8Array, Uint8Array> {
  let left = events
  let text = ''
  const decoder = new TextDecoder()
  return new TransformStream({
    transform(bytes, controller) {
      text += decoder.decode(bytes, { stream: true })
      for (let end = text.indexOf(EVENT_END); end >= 0; end = text.indexOf(EVENT_END)) {
        const event = text.slice(0, end + EVENT_END.length)
        text = text.slice(end + EVENT_END.length)
        controller.enqueue(Buffer.from(event))
        if (event.startsWith('event: end') || --left > 0) continue
        onCut()
        controller.error(new TypeError('terminated'))
        return
      }
    },
  })
}
