import {
  isKnownRuntime,
  LIMITS,
  RUNTIME_RULES,
  runtimeRuleSchema,
  runtimeSchema,
  type Runtime,
  type RuntimeRule,
} from '@rgrid/protocol'
import * as z from 'zod'
import { DEFAULT_RUNTIMES, type RuntimeEntry, type RuntimeTable } from './runtime-table.js'

const changeSchema = z.strictObject({
  image: z.string().regex(/^\S+$/, 'is not the name of an image').optional(),
  command: z.array(z.string().min(1)).min(1).max(16).optional(),
  installer: z.enum(['pip', 'npm']).nullable().optional(),
  ...runtimeRuleSchema.shape,
})

type Change = z.infer<typeof changeSchema>

const fileSchema = z.record(runtimeSchema, changeSchema)

/**
 * Reads a table of runtimes from JSON, such as a file that `RGRID_RUNTIMES` names. A known runtime or a field of it that
 * is not there keeps its default, and what chooses it is added to what does anyway. Any other name is a runtime of the
 * runner's own, with an image and a command at least.
 *
 * @example
 * parseRuntimes('{ "ruby3.3": { "image": "ruby:3.3-slim", "command": ["ruby"], "extensions": [".rb"] } }')
 *
 * @throws TypeError naming the field that is wrong.
 */
export function parseRuntimes(text: string): RuntimeTable {
  let json: unknown
  try {
    json = JSON.parse(text)
  } catch (error) {
    throw new TypeError(`the table of runtimes is not JSON: ${toMessage(error)}`, { cause: error })
  }
  const { success, data, error } = fileSchema.safeParse(json)
  if (!success) throw new TypeError(describeIssues(error), { cause: error })
  assertUnambiguous(data)
  const entries = Object.entries(data).map(([name, change]) => [name, toEntry(name, change)] as const)
  const table = { ...DEFAULT_RUNTIMES, ...Object.fromEntries(entries) }
  const count = Object.keys(table).length
  if (count > LIMITS.runtimes)
    throw new TypeError(`the table: has ${count} runtimes, over the limit of ${LIMITS.runtimes}`)
  return table
}

function toEntry(name: Runtime, change: Change): RuntimeEntry {
  if (isKnownRuntime(name)) {
    const known = DEFAULT_RUNTIMES[name]
    const { image = known.image, command = known.command, installer = known.installer } = change
    return {
      image,
      command,
      installer,
      extensions: unite(known.extensions, change.extensions),
      programs: unite(known.programs, change.programs),
    }
  }
  const { image, command, installer = null, extensions, programs } = change
  const advice = 'a runtime of your own needs one'
  if (image === undefined) throw new TypeError(`${name}.image: is missing: ${advice}`)
  if (command === undefined) throw new TypeError(`${name}.command: is missing: ${advice}`)
  return { image, command, installer, extensions, programs }
}

const unite = (...lists: readonly (readonly string[])[]): string[] => [...new Set(lists.flat())]

/** A script must not choose two runtimes at once; what RGrid knows itself is decided before a runner is asked. */
function assertUnambiguous(changes: Readonly<Record<string, Change>>): void {
  const chosen = new Map<string, Runtime>()
  const list = ({ extensions, programs }: RuntimeRule) =>
    [
      ['extensions', extensions],
      ['programs', programs],
    ] as const
  for (const [runtime, rule] of [...Object.entries(RUNTIME_RULES), ...Object.entries(changes)])
    for (const [field, words] of list(rule))
      for (const word of words) {
        const other = chosen.get(word) ?? runtime
        if (other !== runtime) throw new TypeError(`${runtime}.${field}: ${word} chooses ${other} already`)
        chosen.set(word, runtime)
      }
}

function describeIssues({ issues }: z.ZodError): string {
  const words = issues.map((issue) => {
    // zod tells of a bad key only that it is one, and keeps the reason inside.
    if (issue.code === 'invalid_key')
      return `${JSON.stringify(issue.path.join('.'))}: ${issue.issues.map(({ message }) => message).join(', ')}`
    return `${issue.path.join('.') || 'the table'}: ${issue.message}`
  })
  return words.join('; ')
}

const toMessage = (error: unknown): string => (error instanceof Error ? error.message : String(error))
