import { styleText } from 'node:util'
import type { CliContext, OutputStream } from './context.js'

type Format = Parameters<typeof styleText>[0]

/** Colours text for a stream, or leaves it as it is where colours do not belong. */
export type Style = (format: Format, text: string) => string

/** Colours for one stream, by FORCE_COLOR, NO_COLOR, TERM and whether it is a terminal. */
export function createStyle(context: CliContext, stream: OutputStream): Style {
  if (!hasColors(context, stream)) return (_format, text) => text
  return (format, text) => styleText(format, text, { validateStream: false })
}

function hasColors({ env }: CliContext, stream: OutputStream): boolean {
  const { FORCE_COLOR, NO_COLOR, TERM } = env
  if (FORCE_COLOR !== undefined && FORCE_COLOR !== '') return FORCE_COLOR !== '0' && FORCE_COLOR !== 'false'
  return (NO_COLOR ?? '') === '' && TERM !== 'dumb' && stream.isTTY === true
}
