import { createInterface } from 'node:readline'
import { Writable } from 'node:stream'
import type { CliContext } from './context.js'
import { write } from './write.js'

/** Reads the first line of stdin. On a terminal it asks, and does not show what is typed. */
export async function readSecret(context: CliContext, question: string): Promise<string> {
  const { stdin, stderr } = context
  const terminal = stdin.isTTY === true
  if (terminal) await write(stderr, question)
  const hidden = new Writable({ write: (_chunk, _encoding, done) => done() })
  const lines = createInterface({ input: stdin, output: hidden, terminal })
  try {
    // Ctrl-C arrives here as a key, because the terminal is in raw mode.
    lines.once('SIGINT', () => lines.close())
    for await (const line of lines) return line.trim()
    return ''
  } finally {
    lines.close()
    stdin.destroy()
    if (terminal) await write(stderr, '\n')
  }
}
