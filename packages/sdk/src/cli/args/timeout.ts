import { InvalidArgumentError, Option } from 'commander'
import { parseDuration } from '../duration.js'

/** `--timeout TIME`. */
export const timeoutOption = (): Option =>
  new Option(
    '--timeout <time>',
    'end the script after 500ms, 30s, 5m, 1h or plain seconds (default: 5m)',
  ).argParser(parseTimeout)

function parseTimeout(text: string): number {
  const ms = parseDuration(text)
  if (ms === undefined || ms < 1)
    throw new InvalidArgumentError('Write it as 500ms, 30s, 5m, 1h or plain seconds, more than zero.')
  return ms
}
