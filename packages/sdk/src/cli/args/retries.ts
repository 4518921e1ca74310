import type { Retries } from '@rgrid/protocol'
import { InvalidArgumentError, Option } from 'commander'
import { integerOption } from './integer.js'

// Written out, as the schema that has them takes longer to load than a command line to read; a test compares the two.
const MAX_TIMES = 10
const MAX_PRIORITY = 100
const PLAIN = ['lost', 'exit', 'signal', 'timeout', 'image_pull', 'dependency_install'] as const
const RULE = /^(\w+)(?::([\d,]+))?=(\d{1,2})$/

const HELP = `Write it as CAUSE=TIMES with up to ${MAX_TIMES} times, such as lost=2, exit:75,76=3 or oom=1; causes are ${PLAIN.join(', ')} and oom.`

/** After which ends an execution is tried again: `--retries`, `--retry`. */
export const retryOptions = (): Option[] => [
  integerOption(
    '--retries <times>',
    'start it again after any exit code but 0, up to so many times',
    0,
    MAX_TIMES,
  ),
  new Option(
    '--retry <cause=times>',
    'start it again after this end: lost=2, exit:75=3, signal=1, timeout=1, oom=1 with twice the memory (repeatable)',
  ).argParser(parseRetry),
]

/** `--priority NUMBER`. */
export const priorityOption = (): Option =>
  new Option(
    '--priority <number>',
    `its place in the queue, from -${MAX_PRIORITY} to ${MAX_PRIORITY}: the highest starts first (default: 0)`,
  ).argParser((text) => {
    const value = /^-?\d{1,3}$/.test(text) ? Number(text) : NaN
    if (Math.abs(value) <= MAX_PRIORITY) return value
    throw new InvalidArgumentError(`Write a whole number from -${MAX_PRIORITY} to ${MAX_PRIORITY}.`)
  })

function parseRetry(text: string, before: Retries = {}): Retries {
  const [, cause, list, amount] = RULE.exec(text) ?? []
  const times = Number(amount)
  const rule = toRule(cause ?? '', list, times)
  if (rule === undefined || times > MAX_TIMES) throw new InvalidArgumentError(HELP)
  if (Object.keys(rule).some((name) => name in before))
    throw new InvalidArgumentError(
      `${cause} is there twice: write exit codes as one list, such as exit:75,76=3.`,
    )
  return { ...before, ...rule }
}

function toRule(cause: string, list: string | undefined, times: number): Retries | undefined {
  if (list !== undefined) {
    const codes = list.split(',').map(Number)
    const areCodes = codes.every((code) => code >= 1 && code <= 255)
    return cause === 'exit' && areCodes ? { exit: { codes, times } } : undefined
  }
  if (cause === 'oom') return { out_of_memory: { memoryMib: 'x2', times } }
  const name = PLAIN.find((one) => one === cause)
  return name === undefined ? undefined : { [name]: times }
}
