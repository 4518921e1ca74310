import type { Readable } from 'node:stream'

/** Reads a list, line by line or parted by NUL characters. Empty entries are left out. */
export async function* readList(input: Readable, separator: '\n' | '\0'): AsyncGenerator<string, void> {
  const decoder = new TextDecoder()
  let rest = ''
  for await (const chunk of input as AsyncIterable<Uint8Array | string>) {
    const parts = (
      rest + (typeof chunk === 'string' ? chunk : decoder.decode(chunk, { stream: true }))
    ).split(separator)
    rest = parts.pop() ?? ''
    yield* parts.filter((part) => part !== '')
  }
  if (rest !== '') yield rest
}
