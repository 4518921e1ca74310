import type { BatchProgress, BatchResult, BatchSummary } from '../../batch/types.js'
import type { LogPiece } from '../../types.js'
import type { CliContext } from '../context.js'
import { toResultJson } from '../json-shapes.js'
import { toPrintable } from '../printable.js'
import { createSpinner } from '../spinner.js'
import { createControlFilter } from '../strip-control.js'
import { note, write, writeJson } from '../write.js'
import { formatBar, formatFailures, formatProgress, formatSummary } from './format-batch.js'

/** How a batch under way is shown. */
export interface BatchView {
  progress(progress: BatchProgress): void
  /** @throws OutputError when nobody takes it */
  item(result: BatchResult, saved: readonly string[]): Promise<void>
  /** The output of one item, from its beginning to its end. */
  logs(name: string, pieces: AsyncIterable<LogPiece>): Promise<void>
  /** Nothing moves any more. */
  stop(): void
  summary(summary: BatchSummary, savedInto: string | undefined): Promise<void>
  /** Says something of RGrid's own, on a line of its own. */
  readonly note: (text: string) => Promise<void>
}

/** What shapes a view. */
export interface BatchViewFlags {
  readonly json?: boolean
  readonly quiet?: boolean
}

const REPEAT_MS = 5_000

/** Makes the view that the flags ask for: a moving line, a line now and then where nobody looks, or JSON lines. */
export function createBatchView(context: CliContext, { json, quiet }: BatchViewFlags): BatchView {
  const isSilent = quiet === true || json === true
  let spinner = isSilent ? undefined : createSpinner(context)
  let told = performance.now()
  let stopped = false

  const interrupt = async (work: () => Promise<void>): Promise<void> => {
    const before = spinner
    before?.stop()
    await work()
    if (before !== undefined && !stopped) spinner = createSpinner(context)
  }
  const say = (text: string): Promise<void> => interrupt(() => note(context, text))

  return {
    progress(progress) {
      if (spinner === undefined || stopped) return
      spinner.show(formatBar(progress))
      if (spinner.isWatched || performance.now() - told < REPEAT_MS) return
      told = performance.now()
      void say(formatProgress(progress))
    },
    async item(result, saved) {
      const { index, name, outcome, reused } = result
      if (json === true)
        await writeJson(context, {
          type: 'item',
          index,
          name,
          outcome,
          reused,
          ...toResultJson(result),
          saved,
        })
    },
    logs: (name, pieces) => interrupt(() => writeLogs(context, name, pieces)),
    stop() {
      stopped = true
      spinner?.stop()
    },
    async summary(summary, savedInto) {
      for (const line of formatFailures(summary)) await note(context, line)
      if (json === true) await writeJson(context, { type: 'summary', ...summary })
      else if (quiet !== true) await note(context, formatSummary(summary, savedInto))
    },
    note: say,
  }
}

/** Writes each line with the name before it, to the stream that it was written to. */
async function writeLogs(context: CliContext, name: string, pieces: AsyncIterable<LogPiece>): Promise<void> {
  const rest = { stdout: '', stderr: '' }
  const filters = { stdout: createControlFilter(), stderr: createControlFilter() }
  const prefix = `${toPrintable(name)}: `
  for await (const { stream, text } of pieces) {
    const target = context[stream]
    const lines = (rest[stream] + (target.isTTY === true ? filters[stream](text) : text)).split('\n')
    rest[stream] = lines.pop() ?? ''
    if (lines.length > 0) await write(target, lines.map((line) => `${prefix}${line}\n`).join(''))
  }
  for (const stream of ['stdout', 'stderr'] as const)
    if (rest[stream] !== '') await write(context[stream], `${prefix}${rest[stream]}\n`)
}
