import type { BatchItemRecord } from '@rgrid/protocol'
import { listAllItems } from '../../batch/list-all-items.js'
import type { CliContext } from '../../context.js'
import { EXIT } from '../../exit-code.js'
import { formatTable } from '../../table.js'
import { widthOf } from '../../width.js'
import { withClient } from '../../with-client.js'
import { note, write, writeJson } from '../../write.js'

/** The flags of `rgrid batch items`. */
export interface BatchItemsFlags {
  readonly failed?: boolean
  readonly limit: number
  readonly json?: boolean
}

const HEADER = ['INDEX', 'STATUS', 'EXIT', 'OUTCOME', 'ID', 'NAME']

/** Lists the items of a batch; with `--json` one line for each. */
export async function listItems(context: CliContext, id: string, flags: BatchItemsFlags): Promise<number> {
  const { failed = false, limit, json } = flags
  const { stdout } = context
  return withClient(context, async (client) => {
    const items: BatchItemRecord[] = []
    for await (const item of listAllItems(client, id, { failed, limit }))
      if (json === true) await writeJson(context, item)
      else items.push(item)
    if (json === true) return EXIT.ok
    if (items.length === 0) await note(context, failed ? 'none has failed' : 'there are no items yet')
    else
      await write(
        stdout,
        formatTable([HEADER, ...items.map(toRow)], stdout.isTTY === true ? widthOf(stdout) : undefined),
      )
    return EXIT.ok
  })
}

const toRow = ({ index, status, exitCode, outcome, executionId, name }: BatchItemRecord): string[] => [
  `${index}`,
  status,
  exitCode === null ? '-' : `${exitCode}`,
  outcome,
  executionId,
  name,
]
