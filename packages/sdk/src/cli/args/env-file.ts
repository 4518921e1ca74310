import { Option } from 'commander'
import { createReadStream } from 'node:fs'
import { resolve } from 'node:path'
import { parseEnv } from 'node:util'
import { messageOf, UsageError } from '../errors.js'
import { collect } from './collect.js'

const MAX_BYTES = 1024 * 1024
const ENTRY = /^(?:export\s+)?([A-Za-z_][A-Za-z0-9_]*)\s*=\s*(["'`]?)/

/** `--env-file FILE`. */
export const envFileOption = (): Option =>
  new Option('--env-file <file>', 'read variables from a file of NAME=VALUE lines (repeatable)').argParser(
    collect,
  )

/**
 * Reads a file of `NAME=VALUE` lines.
 *
 * @throws UsageError that names the file and the line that is broken
 */
export async function readEnvFile(file: string, cwd: string): Promise<Record<string, string>> {
  const text = decode(file, await readBounded(file, resolve(cwd, file)))
  return parseEnvText(text, (line, fault) => new UsageError(`${file}, line ${line}: ${fault}`))
}

/** Parses the text of an env file; `fail` makes the error of a line, counted from 1. */
function parseEnvText(text: string, fail: (line: number, fault: string) => Error): Record<string, string> {
  const lines = text.replace(/^\ufeff/, '').split(/\r?\n/)
  const values: Record<string, string> = {}
  for (let index = 0; index < lines.length; index++) {
    const first = index
    let entry = (lines[index] ?? '').trim()
    if (entry === '' || entry.startsWith('#')) continue
    const [start, name, quote = ''] = ENTRY.exec(entry) ?? []
    if (start === undefined || name === undefined) throw fail(first + 1, faultOf(entry))
    while (quote !== '' && !entry.slice(start.length).includes(quote)) {
      if (++index >= lines.length) throw fail(first + 1, `the ${quote} is never closed`)
      entry += `\n${lines[index] ?? ''}`
    }
    if (entry.includes('\0')) throw fail(first + 1, `the value of ${name} has a NUL character`)
    // One entry at a time: over a whole file, parseEnv silently skips what it cannot read.
    values[name] = parseEnv(entry)[name] ?? ''
  }
  return values
}

// The line itself is not repeated: it may hold a secret.
const faultOf = (entry: string): string =>
  entry.includes('=')
    ? 'the name before the = may only have letters, digits and _, and not start with a digit'
    : 'there is no =: write it as NAME=VALUE'

async function readBounded(file: string, path: string): Promise<Buffer> {
  const chunks: Buffer[] = []
  try {
    // Not by its size: a pipe, as of <(...), has none.
    for await (const chunk of createReadStream(path, { end: MAX_BYTES }))
      chunks.push(Buffer.from(chunk as Buffer))
  } catch (error) {
    throw new UsageError(`--env-file ${file} cannot be read (${messageOf(error)})`, { cause: error })
  }
  const bytes = Buffer.concat(chunks)
  if (bytes.length > MAX_BYTES)
    throw new UsageError(`--env-file ${file} is over the limit of ${MAX_BYTES} bytes`)
  return bytes
}

function decode(file: string, bytes: Buffer): string {
  try {
    return new TextDecoder('utf-8', { fatal: true }).decode(bytes)
  } catch {
    throw new UsageError(`--env-file ${file} is not UTF-8 text`)
  }
}
