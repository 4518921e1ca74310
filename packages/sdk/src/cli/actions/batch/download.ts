import { isTerminal, type BatchItemRecord } from '@rgrid/protocol'
import { inParallel } from '../../batch/in-parallel.js'
import { listAllItems } from '../../batch/list-all-items.js'
import { createItemSaver } from '../../batch/save-item.js'
import type { CliContext } from '../../context.js'
import { messageOf, OutputError } from '../../errors.js'
import { EXIT } from '../../exit-code.js'
import { withClient } from '../../with-client.js'
import { note, write, writeJson } from '../../write.js'

/** The flags of `rgrid batch download`. */
export interface DownloadBatchFlags {
  readonly outputDir: string
  readonly flat?: boolean
  readonly json?: boolean
}

const PARALLEL = 4

/** Saves the files of the items that have ended, and prints where; with `--json` one line for each item. */
export async function downloadBatch(
  context: CliContext,
  id: string,
  flags: DownloadBatchFlags,
): Promise<number> {
  const save = createItemSaver(context, flags)
  let left = 0
  let unsaved = 0
  await withClient(context, async (client) => {
    const saveOne = async ({ index, name, executionId, status }: BatchItemRecord): Promise<void> => {
      if (!isTerminal(status)) {
        left++
        return
      }
      try {
        const artifacts = await client.artifacts(executionId)
        const download = (directory: string): Promise<string[]> => client.download(executionId, directory)
        const saved = artifacts.length === 0 ? [] : await save({ name, artifacts, download })
        if (flags.json === true) await writeJson(context, { index, name, id: executionId, saved })
        else if (saved.length > 0) await write(context.stdout, saved.map((path) => `${path}\n`).join(''))
      } catch (error) {
        if (error instanceof OutputError) throw error
        unsaved++
        await note(context, `the files of ${name} could not be saved: ${messageOf(error)}`)
      }
    }
    await inParallel(listAllItems(client, id), PARALLEL, saveOne)
  })
  if (left > 0) await note(context, `${left} items have not ended yet: rgrid batch wait ${id}`)
  return left > 0 || unsaved > 0 ? EXIT.failure : EXIT.ok
}
