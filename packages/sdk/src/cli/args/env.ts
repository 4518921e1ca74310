import { Option } from 'commander'
import { UsageError } from '../errors.js'
import { collect } from './collect.js'

const NAME = /^[A-Za-z_][A-Za-z0-9_]*$/

/** `-e NAME=VALUE` and `-e NAME`. */
export const envOption = (): Option =>
  new Option(
    '-e, --env <NAME[=VALUE]>',
    'give the script a variable; without =VALUE it is taken from your own environment (repeatable)',
  ).argParser(collect)

/**
 * Reads `NAME=VALUE`, or takes `NAME` from the caller's environment.
 *
 * @throws UsageError when there is no name, or the variable is not set
 */
export function readEnvFlag(
  text: string,
  environment: Readonly<Record<string, string | undefined>>,
): readonly [name: string, value: string] {
  const [name = ''] = text.split('=', 1)
  if (name === '') throw new UsageError(`-e "${text}" has no name: write it as -e NAME=VALUE`)
  if (!NAME.test(name))
    throw new UsageError(`-e "${name}": a name is letters, digits and _, not starting with a digit`)
  if (text.includes('=')) return [name, text.slice(name.length + 1)]
  const value = environment[name]
  if (value === undefined)
    throw new UsageError(`-e ${name}: it is not set in your environment: write it as -e ${name}=VALUE`)
  return [name, value]
}
