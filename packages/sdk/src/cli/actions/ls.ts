import type { ExecutionPage, ExecutionSummary, Status } from '@rgrid/protocol'
import { LIMITS } from '@rgrid/protocol'
import type { RGridClient } from '../../types.js'
import type { CliContext } from '../context.js'
import { formatDuration } from '../duration.js'
import { EXIT } from '../exit-code.js'
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
  else
    await write(
      context.stdout,
      formatTable(
        [HEADER, ...page.executions.map(toRow)],
        context.stdout.isTTY === true ? widthOf(context.stdout) : undefined,
      ),
    )
  return EXIT.ok
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
