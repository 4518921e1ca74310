import { InvalidArgumentError, Option } from 'commander'

/** `--label NAME=VALUE`. */
export const labelOption = (): Option =>
  new Option('--label <name=value>', 'mark the execution (repeatable)').argParser(parseLabel)

function parseLabel(text: string, before: Readonly<Record<string, string>> = {}): Record<string, string> {
  const split = text.indexOf('=')
  if (split < 1) throw new InvalidArgumentError('Write it as NAME=VALUE.')
  return { ...before, [text.slice(0, split)]: text.slice(split + 1) }
}
