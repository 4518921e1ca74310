import { RGridError } from '@rgrid/protocol'

// The reference expression of PEP 723, for blocks of the type `script` alone.
const BLOCK = /^# \/\/\/ script$\n((?:^#(?:| .*)$\n)+)^# \/\/\/$/gm

/**
 * Reads the inline metadata of a Python script, PEP 723.
 *
 * @returns the dependencies that it names, or `undefined` when the script has no such block.
 * @throws RGridError `invalid_request` when it is there but cannot be read.
 */
export async function readInlineMetadata(text: string): Promise<readonly string[] | undefined> {
  const lines = text.replace(/^\ufeff/, '').replace(/\r\n?/g, '\n')
  const [block, ...more] = [...lines.matchAll(BLOCK)].map(([, content = '']) => content)
  if (block === undefined) return undefined
  if (more.length > 0) throw fault('is there twice: keep one block')
  const { dependencies = [] } = await parse(block.replace(/^# ?/gm, ''))
  if (!isListOfTexts(dependencies)) throw fault('has dependencies that are not a list of texts')
  return dependencies
}

async function parse(toml: string): Promise<Record<string, unknown>> {
  const { parse } = await import('smol-toml')
  try {
    return parse(toml)
  } catch (error) {
    const reason = error instanceof Error ? (error.message.split('\n')[0] ?? '') : String(error)
    throw fault(`is not valid TOML: ${reason}`, error)
  }
}

const isListOfTexts = (value: unknown): value is string[] =>
  Array.isArray(value) && value.every((one) => typeof one === 'string')

const fault = (words: string, cause?: unknown): RGridError =>
  new RGridError('invalid_request', `script: its inline metadata (# /// script) ${words}`, { cause })
