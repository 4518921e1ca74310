import type { Fetch } from '@rgrid/protocol/client'

const PATIENCE_MS = 2_000
// What a proxy answers while the server behind it is away.
const GATEWAY_STATUSES = [502, 503, 504]

/**
 * Makes a `fetch` that says once when there has been no answer for two seconds, over all tries, and again only after
 * there was one. Uploads are not counted, as their answer comes when they are through.
 */
export function watchFetch(fetch: Fetch, onAway: () => void): Fetch {
  let timer: NodeJS.Timeout | undefined
  const miss = (): void => void (timer ??= setTimeout(onAway, PATIENCE_MS).unref())
  const hear = (): void => {
    clearTimeout(timer)
    timer = undefined
  }

  return async (url, init) => {
    const isUpload = init.body instanceof ReadableStream
    if (!isUpload) miss()
    try {
      const response = await fetch(url, init)
      if (!GATEWAY_STATUSES.includes(response.status)) hear()
      return response
    } catch (error) {
      if (init.signal?.aborted === true) hear()
      else miss()
      throw error
    }
  }
}
