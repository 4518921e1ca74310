/** Answers with JSON. */
export const answerJson = (value: unknown, status = 200): Response =>
  new Response(JSON.stringify(value), { status, headers: { 'content-type': 'application/json' } })

/** Answers with an event stream. */
export const answerEvents = (body: ReadableStream<Uint8Array>, status = 200): Response =>
  new Response(body, {
    status,
    headers: {
      'content-type': 'text/event-stream; charset=utf-8',
      'cache-control': 'no-store',
      // Without it nginx holds events back until its buffer is full.
      'x-accel-buffering': 'no',
    },
  })

/**
 * Answers with bytes that a browser must neither show nor guess about: a script made them. Where it shows them all the
 * same, they are of no origin and run nothing.
 */
export const answerBytes = (
  body: ReadableStream<Uint8Array> | Uint8Array<ArrayBuffer>,
  headers: Readonly<Record<string, string>> = {},
): Response =>
  new Response(body, {
    headers: {
      'content-type': 'application/octet-stream',
      'x-content-type-options': 'nosniff',
      'content-security-policy': "sandbox; default-src 'none'",
      'cache-control': 'private, no-store',
      ...headers,
    },
  })
