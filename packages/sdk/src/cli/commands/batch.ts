import type { Command } from 'commander'
import { Option } from 'commander'
import { batchIdArgument } from '../args/batch.js'
import { integerOption } from '../args/integer.js'
import { jsonOption } from '../args/json.js'
import type { AttachBatchFlags } from '../actions/batch/attach.js'
import type { DownloadBatchFlags } from '../actions/batch/download.js'
import type { BatchItemsFlags } from '../actions/batch/items.js'
import type { BatchLsFlags } from '../actions/batch/ls.js'
import type { JsonFlag } from '../actions/batch/json-flag.js'
import type { Setup } from '../setup.js'

const MAX_LIMIT = 100_000

/** `rgrid batch`. */
export function defineBatch({ program, context, finish }: Setup): void {
  const batch = program
    .command('batch')
    .description('look at batches, which rgrid run --batch starts, and act on them')
  const about = (name: string, description: string): Command =>
    batch.command(name).description(description).addArgument(batchIdArgument()).addOption(jsonOption())

  batch
    .command('ls')
    .description('list batches, newest first')
    .addOption(integerOption('--limit <number>', 'at most so many', 1, MAX_LIMIT).default(20))
    .option('-q, --quiet', 'print ids only')
    .addOption(jsonOption())
    .action(async (flags: BatchLsFlags) => {
      const { listBatches } = await import('../actions/batch/ls.js')
      finish(await listBatches(context, flags))
    })
  about('status', 'show how far a batch is').action(async (id: string, flags: JsonFlag) => {
    const { showBatch } = await import('../actions/batch/status.js')
    finish(await showBatch(context, id, flags))
  })
  about('items', 'list the items of a batch with their executions')
    .option('--failed', 'only those that did not complete')
    .addOption(integerOption('--limit <number>', 'at most so many', 1, MAX_LIMIT).default(MAX_LIMIT))
    .action(async (id: string, flags: BatchItemsFlags) => {
      const { listItems } = await import('../actions/batch/items.js')
      finish(await listItems(context, id, flags))
    })
  about('attach', 'watch a batch to its end, and list what failed')
    .option('-q, --quiet', 'say nothing but failures')
    .option('--logs', 'print the output of each item, its name before each line')
    .action(async (id: string, flags: AttachBatchFlags) => {
      const { attachBatch } = await import('../actions/batch/attach.js')
      finish(await attachBatch(context, id, flags))
    })
  about('wait', 'wait for the end of a batch').action(async (id: string, flags: JsonFlag) => {
    const { waitForBatch } = await import('../actions/batch/wait.js')
    finish(await waitForBatch(context, id, flags))
  })
  about('cancel', 'ask for the end of a batch').action(async (id: string, flags: JsonFlag) => {
    const { cancelBatch } = await import('../actions/batch/cancel.js')
    finish(await cancelBatch(context, id, flags))
  })
  about('retry', 'run the items again that failed').action(async (id: string, flags: JsonFlag) => {
    const { retryBatch } = await import('../actions/batch/retry.js')
    finish(await retryBatch(context, id, flags))
  })
  about('download', 'save the files of a batch, and print their paths')
    .addOption(new Option('-o, --output-dir <dir>', 'where to put them').default('outputs'))
    .option('--flat', 'save them without a folder for each item')
    .action(async (id: string, flags: DownloadBatchFlags) => {
      const { downloadBatch } = await import('../actions/batch/download.js')
      finish(await downloadBatch(context, id, flags))
    })
}
