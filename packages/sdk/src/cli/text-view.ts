import type { Status, StreamName } from '@rgrid/protocol'
import type { CliContext } from './context.js'
import { formatUpload } from './format-upload.js'
import { toPrintable } from './printable.js'
import { createRetryNote } from './retry-note.js'
import { createSpinner } from './spinner.js'
import { createControlFilter } from './strip-control.js'
import type { View, ViewFlags } from './view.js'
import { note, write } from './write.js'

const PHASE: Readonly<Record<Status, string>> = {
  queued: 'queued',
  claimed: 'preparing',
  running: 'running',
  finishing: 'collecting files',
  completed: '',
  failed: '',
  timed_out: '',
  cancelled: '',
  lost: '',
}

const NEWLINE = 0x0a
const REPEAT_MS = 5_000
// What is quicker would only flicker.
const UPLOAD_SHOWN_MS = 500

/** Shows the script's bytes on the same streams here, and until the first of them a spinner with the phase. */
export function createTextView(context: CliContext, { quiet, raw = true }: ViewFlags): View {
  const spinner = quiet === true ? undefined : createSpinner(context)
  const filters = { stdout: createControlFilter(), stderr: createControlFilter() }
  // Whether the last line of each stream still waits for its end.
  const open = { stdout: false, stderr: false }

  let uploadSince: number | undefined
  let told: { readonly status: Status; readonly at: number } | undefined

  // Into a file, the progress of a pull would be a line for every percent.
  const isDue = (status: Status): boolean => {
    if (status === told?.status && performance.now() - told.at < REPEAT_MS) return false
    told = { status, at: performance.now() }
    return true
  }
  const say = async (text: string): Promise<void> => {
    spinner?.stop()
    const sharesLine = open.stderr || (open.stdout && context.stdout.isTTY === true)
    if (sharesLine) await write(context.stderr, '\n').catch(() => {})
    open.stdout = open.stderr = false
    await note(context, text)
  }
  const retryNote = createRetryNote(async (message) => {
    if (quiet !== true) await say(toPrintable(message))
  })
  const show = async (stream: StreamName, bytes: Uint8Array, text: string): Promise<void> => {
    if (bytes.length === 0) return
    const target = context[stream]
    open[stream] = bytes.at(-1) !== NEWLINE
    await write(target, raw || target.isTTY !== true ? bytes : filters[stream](text))
  }
  return {
    async log({ stream, attempt, bytes, text, gapBytes }) {
      spinner?.stop()
      await retryNote.flush(attempt)
      if (gapBytes !== 0) await say(describeGap(stream, gapBytes))
      await show(stream, bytes, text)
    },
    status(status, message, attempt) {
      if (status === 'queued' && attempt > 0 && message !== null) return retryNote.tell(message, attempt)
      const phase = PHASE[status]
      const isTold = message !== null && phase !== ''
      const text = isTold ? `${phase}: ${toPrintable(message)}` : phase
      if (isTold && spinner?.isWatched === false && isDue(status)) void say(text)
      spinner?.show(text)
    },
    upload(progress) {
      uploadSince ??= performance.now()
      if (performance.now() - uploadSince > UPLOAD_SHOWN_MS) spinner?.show(formatUpload(progress))
    },
    async end() {
      spinner?.stop()
      await retryNote.flush()
    },
    async result() {},
    note: say,
  }
}

const describeGap = (stream: StreamName, bytes: number | null): string =>
  bytes === null
    ? `the runner was killed and another went on: some of ${stream} may be missing here`
    : `${bytes} bytes of a very long output were not kept and are missing here`
