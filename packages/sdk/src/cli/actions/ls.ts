import type { ExecutionPage, ExecutionSummary, Status } from '@rgrid/protocol'
import { LIMITS } from '@rgrid/protocol'
import type { RGridClient } from '../../types.js'
import type { CliContext } from '../context.js'
import { formatDuration } from '../duration.js'
import { EXIT } from '../exit-code.js'
import { toPrintable } from '../printable.js'
import { formatTable } from '../table.js'
import { widthOf } from '../width.js'
import { withClient } from '../with-client.js'
import { note, write, writeJson } from '../write.js'

/** The flags of `rgrid ls`. */
export interface LsFlags {
  readonly status?: Status
  readonly limit: number
  readonly quiet?: boolean
  readonly json?: boolean
}

const HEADER = ['ID', 'STATUS', 'EXIT', 'CREATED', 'RAN', 'SCRIPT']

/** Lists executions, newest first. */
export async function ls(context: CliContext, flags: LsFlags): Promise<number> {
  const page = await withClient(context, (client) => collect(client, flags))
  if (flags.json === true) await writeJson(context, page)
  else if (flags.quiet === true)
    await write(context.stdout, page.executions.map(({ id }) => `${id}\n`).join(''))
  else if (page.executions.length === 0) await note(context, 'there are no executions yet')
  else await show(context, page.executions)
  return EXIT.ok
}

async function show(context: CliContext, executions: readonly ExecutionSummary[]): Promise<void> {
  const { stdout } = context
  const width = stdout.isTTY === true ? widthOf(stdout) : undefined
  await write(stdout, formatTable([HEADER, ...executions.map(toRow)], width))
  for (const text of explainWaits(executions)) await note(context, toPrintable(text))
}

/** What queued executions wait for: each reason once, as many often wait for the same. */
function explainWaits(executions: readonly ExecutionSummary[]): string[] {
  const idsByReason = new Map<string, string[]>()
  for (const { id, status, message } of executions)
    if (status === 'queued' && message !== null)
      idsByReason.set(message, [...(idsByReason.get(message) ?? []), id])
  return [...idsByReason].map(([reason, [id = '', ...others]]) =>
    others.length === 0 ? `${id} waits: ${reason}` : `${id} and ${others.length} more wait: ${reason}`,
  )
}

async function collect(client: RGridClient, { status, limit }: LsFlags): Promise<ExecutionPage> {
  const executions: ExecutionSummary[] = []
  let next: string | null = null
  do {
    const page: ExecutionPage = await client.list({
      limit: Math.min(limit - executions.length, LIMITS.listPage),
      ...(status === undefined ? {} : { status }),
      ...(next === null ? {} : { before: next }),
    })
    executions.push(...page.executions)
    next = page.next
  } while (next !== null && executions.length < limit)
  return { executions, next }
}

function toRow({ id, status, exitCode, createdAt, timings, script, args }: ExecutionSummary): string[] {
  return [
    id,
    status,
    exitCode === null ? '-' : String(exitCode),
    createdAt.replace('T', ' ').replace(/(\.\d+)?Z$/, ''),
    timings.runningMs === null ? '-' : formatDuration(timings.runningMs),
    [script, ...args].join(' '),
  ]
}
