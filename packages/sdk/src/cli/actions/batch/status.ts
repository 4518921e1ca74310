import { formatMicrons, type BatchRecord } from '@rgrid/protocol'
import type { CliContext } from '../../context.js'
import { EXIT } from '../../exit-code.js'
import { toPrintable } from '../../printable.js'
import { withClient } from '../../with-client.js'
import { write, writeJson } from '../../write.js'
import type { JsonFlag } from './json-flag.js'

/** Shows how far a batch is. */
export async function showBatch(context: CliContext, id: string, { json }: JsonFlag): Promise<number> {
  const record = await withClient(context, (client) => client.batches.get(id))
  await (json === true ? writeJson(context, record) : write(context.stdout, formatBatch(record)))
  return EXIT.ok
}

function formatBatch(record: BatchRecord): string {
  const { id, status, cancelRequested, counts, parallel, failFast, labels, costMicrons } = record
  const rows: readonly (readonly [name: string, value: string | null])[] = [
    ['id', id],
    ['status', cancelRequested && status !== 'finished' ? `${status}, asked to end` : status],
    ['items', `${counts.total}`],
    ['queued', `${counts.queued}`],
    ['running', `${counts.running}`],
    ['completed', `${counts.completed}`],
    ['failed', `${counts.failed}`],
    ['reused', counts.reused === 0 ? null : `${counts.reused}`],
    ['parallel', parallel === null ? null : `${parallel}`],
    ['lane', record.lane],
    ['fail fast', failFast ? 'yes' : null],
    [
      'labels',
      Object.entries(labels)
        .map(([name, value]) => `${name}=${value}`)
        .join(' ') || null,
    ],
    ['created', record.createdAt],
    ['finished', record.finishedAt],
    ['cost', costMicrons === 0 ? null : formatMicrons(costMicrons)],
  ]
  return rows
    .flatMap(([name, value]) => (value === null ? [] : [`${name.padEnd(12)}${toPrintable(value)}\n`]))
    .join('')
}
