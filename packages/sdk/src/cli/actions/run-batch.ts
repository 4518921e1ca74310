import { LIMITS } from '@rgrid/protocol'
import { relative } from 'node:path'
import type { BatchOptions } from '../../batch/batch-options.js'
import { createLane } from '../../batch/create-lane.js'
import { expandGlob } from '../../batch/expand-glob.js'
import type { Batch } from '../../batch/types.js'
import { defined } from '../../defined.js'
import type { Staying } from '../../files/keep-links.js'
import type { RGridClient } from '../../types.js'
import { createBatchView, type BatchView } from '../batch/batch-view.js'
import { followBatch } from '../batch/follow-batch.js'
import { readList } from '../batch/read-list.js'
import { createItemSaver, findOutputDirectory } from '../batch/save-item.js'
import type { CliContext } from '../context.js'
import { deliverCancel } from '../deliver-cancel.js'
import { messageOf, OutputError, UsageError } from '../errors.js'
import { EXIT } from '../exit-code.js'
import { formatStaying } from '../format-staying.js'
import { onInterrupt } from '../interrupt.js'
import { withClient } from '../with-client.js'
import { write, writeJson } from '../write.js'
import { assertDetachable } from './assert-detachable.js'
import { readRunOptions, type RunFlags } from './read-run-options.js'

/** What the command line says of a batch. */
interface Call {
  readonly script: string
  readonly args: readonly string[]
  readonly flags: RunFlags
  readonly pattern: string
}

/** Runs a script over many inputs, and resolves with 0 when all of them completed. */
export async function runBatch(
  context: CliContext,
  script: string,
  args: readonly string[],
  flags: RunFlags & { readonly batch: string },
): Promise<number> {
  if (flags.dryRun === true) throw new UsageError('--dry-run shows one execution: leave out --batch')
  if (flags.null === true && flags.batch !== '-') throw new UsageError('-0 is for a list on stdin: --batch -')
  const options = await readBatchOptions(context, { script, args, flags, pattern: flags.batch })
  const view = createBatchView(context, flags)
  const work = async (client: RGridClient): Promise<number> => {
    if (flags.detach === true) await assertDetachable(client)
    const batch = client.batch(script, options)
    return flags.detach === true ? detach(context, batch, flags) : watch(context, batch, { view, flags })
  }
  try {
    return await withClient(context, work, view.note)
  } finally {
    view.stop()
  }
}

async function readBatchOptions(context: CliContext, call: Call): Promise<BatchOptions> {
  const { script, args, flags, pattern } = call
  const { parallel, failFast, rerun, lane } = flags
  const common = await readRunOptions(context, args, flags)
  return {
    ...common,
    ...(await readItems(context, call)),
    lane: lane ?? createLane({ cwd: context.cwd, script, template: args, pattern }),
    ...defined({ parallel, failFast, rerun }),
  }
}

async function readItems(context: CliContext, { flags, pattern }: Call): Promise<Pick<BatchOptions, 'each'>> {
  if (pattern === '-') return { each: readList(context.stdin, flags.null === true ? '\0' : '\n') }
  // What a batch has saved is not what the next one is to be run over.
  const found = await expandGlob(context.cwd, pattern, findOutputDirectory(context, flags))
  return {
    each: found.map(({ path, name }) => ({ args: [path], name: name.slice(-LIMITS.batchNameChars) })),
  }
}

async function detach(context: CliContext, batch: Batch, { json }: RunFlags): Promise<number> {
  // Nobody waits for its end here.
  batch.catch(() => {})
  await batch.accepted
  await (json === true ? writeJson(context, { id: batch.id }) : write(context.stdout, `${batch.id}\n`))
  return EXIT.ok
}

interface Watched {
  readonly view: BatchView
  readonly flags: RunFlags
}

/** Follows to the end. The first Ctrl-C asks for that end, and so does output that nobody takes. */
async function watch(context: CliContext, batch: Batch, { view, flags }: Watched): Promise<number> {
  let isInterrupted = false
  let stop = (): void => {}
  const left = new Promise<undefined>((resolve) => {
    stop = onInterrupt(context, () => {
      isInterrupted = true
      void interrupt(batch, view).then((isLeft) => isLeft && resolve(undefined))
    })
  })
  const save = flags.remoteOnly === true ? undefined : createItemSaver(context, flags)
  try {
    const tell = flags.quiet === true ? () => Promise.resolve() : collectStaying(batch, view)
    const followed = await Promise.race([
      followBatch(batch, { view, save, printLogs: flags.logs === true }),
      left,
    ])
    if (followed === undefined) return EXIT.interrupted
    const { summary, unsaved, hasSaved } = followed
    const savedInto = hasSaved ? relative(context.cwd, findOutputDirectory(context, flags)) || '.' : undefined
    await tell()
    await view.summary(summary, savedInto)
    if (isInterrupted) return EXIT.interrupted
    if (!summary.ok) return EXIT.failure
    return unsaved > 0 ? EXIT.rgrid : EXIT.ok
  } catch (error) {
    if (error instanceof OutputError) await deliverCancel(batch).catch(() => {})
    throw error
  } finally {
    stop()
  }
}

const REMEMBERED = 100

/** Remembers some of what does not travel, and returns a way to say it: at the end, when all items have been sent. */
function collectStaying(batch: Batch, view: BatchView): () => Promise<void> {
  const some: Staying[] = []
  let count = 0
  batch.onStaying((staying) => {
    count += staying.length
    some.push(...staying.slice(0, REMEMBERED - some.length))
  })
  return async () => {
    if (count > 0) await view.note(formatStaying(some, count))
  }
}

/** Cancels; resolves with whether there is nothing left to do but to leave. */
async function interrupt(batch: Batch, view: BatchView): Promise<boolean> {
  void view.note('cancelling… press Ctrl-C again to leave without waiting')
  try {
    if (await deliverCancel(batch)) return false
    await view.note(
      `the server did not hear of it: the batch may go on (rgrid batch cancel ${batch.id} ends it)`,
    )
    return true
  } catch (error) {
    await view.note(`cannot cancel: ${messageOf(error)}`)
    return false
  }
}
