import { LIMITS, type BatchPage, type BatchRecord } from '@rgrid/protocol'
import type { RGridClient } from '../../../types.js'
import type { CliContext } from '../../context.js'
import { EXIT } from '../../exit-code.js'
import { formatTable } from '../../table.js'
import { widthOf } from '../../width.js'
import { withClient } from '../../with-client.js'
import { note, write, writeJson } from '../../write.js'

/** The flags of `rgrid batch ls`. */
export interface BatchLsFlags {
  readonly limit: number
  readonly quiet?: boolean
  readonly json?: boolean
}

const HEADER = ['ID', 'STATUS', 'DONE', 'FAILED', 'CREATED']

/** Lists batches, newest first. */
export async function listBatches(context: CliContext, flags: BatchLsFlags): Promise<number> {
  const page = await withClient(context, (client) => collect(client, flags))
  const { batches } = page
  const { stdout } = context
  if (flags.json === true) await writeJson(context, page)
  else if (flags.quiet === true) await write(stdout, batches.map(({ id }) => `${id}\n`).join(''))
  else if (batches.length === 0) await note(context, 'there are no batches yet')
  else
    await write(
      stdout,
      formatTable([HEADER, ...batches.map(toRow)], stdout.isTTY === true ? widthOf(stdout) : undefined),
    )
  return EXIT.ok
}

async function collect(client: RGridClient, { limit }: BatchLsFlags): Promise<BatchPage> {
  const batches: BatchRecord[] = []
  let next: string | null = null
  do {
    const page: BatchPage = await client.batches.list({
      limit: Math.min(limit - batches.length, LIMITS.listPage),
      ...(next === null ? {} : { before: next }),
    })
    batches.push(...page.batches)
    next = page.next
  } while (next !== null && batches.length < limit)
  return { batches, next }
}

const toRow = ({ id, status, counts, createdAt }: BatchRecord): string[] => [
  id,
  status,
  `${counts.completed + counts.failed}/${counts.total}`,
  `${counts.failed}`,
  createdAt.replace('T', ' ').replace(/(\.\d+)?Z$/, ''),
]
