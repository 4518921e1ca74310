import { setTimeout as sleep } from 'node:timers/promises'
import { defined } from '../../defined.js'
import { findOutsideFolders } from '../../files/find-outside-folders.js'
import type { RunOptions } from '../../run-options.js'
import type { Execution, Result, RGridClient } from '../../types.js'
import type { CliContext } from '../context.js'
import { deliverCancel } from '../deliver-cancel.js'
import { messageOf, OutputError, savedOf, UsageError } from '../errors.js'
import { EXIT, resultToExitCode } from '../exit-code.js'
import { followExecution } from '../follow-execution.js'
import { onInterrupt } from '../interrupt.js'
import { formatStaying } from '../format-staying.js'
import { formatReceipt } from '../receipt.js'
import { createView, type View } from '../view.js'
import { withClient } from '../with-client.js'
import { write, writeJson } from '../write.js'
import { describeLeft, showPlan } from '../show-plan.js'
import { assertDetachable } from './assert-detachable.js'
import { readRunOptions, type RunFlags } from './read-run-options.js'

const CANCEL_GRACE_MS = 2_000

/** Runs a script, and resolves with its exit code. */
export async function run(
  context: CliContext,
  script: string,
  args: readonly string[],
  flags: RunFlags,
): Promise<number> {
  const { batch } = flags
  if (batch !== undefined)
    return (await import('./run-batch.js')).runBatch(context, script, args, { ...flags, batch })
  assertNoBatchFlags(flags)
  const options = await readRunOptions(context, args, flags)
  const view = createView(context, flags)
  if (flags.quiet !== true) await tellOfOutsideFolders(options, view)
  if (flags.dryRun === true) {
    const show = async (client: RGridClient): Promise<number> =>
      showPlan(context, await client.plan(script, options), flags)
    return withClient(context, show, view.note)
  }
  return carryOut(
    context,
    (client) => client.run(script, options),
    flags,
    (client) => tellOfLeftFiles(client, script, options, view),
  )
}

/** What shapes how an execution that was begun here is carried to its end. */
export type CarryOutFlags = Pick<RunFlags, 'remoteOnly' | 'detach' | 'quiet' | 'json'>

/**
 * Begins an execution, shows it and brings its files home; resolves with its exit code.
 *
 * @param explain - says what a script that failed may have failed for
 */
export async function carryOut(
  context: CliContext,
  begin: (client: RGridClient) => Execution,
  flags: CarryOutFlags,
  explain: (client: RGridClient) => Promise<void> = () => Promise.resolve(),
): Promise<number> {
  const view = createView(context, flags)
  const work = async (client: RGridClient): Promise<number> => {
    if (flags.detach === true) await assertDetachable(client)
    const execution = begin(client)
    if (flags.quiet !== true) tellOfStaying(execution, view)
    return flags.detach === true
      ? detach(context, execution, flags)
      : follow(context, client, {
          execution,
          view,
          flags,
          explain: () => explain(client),
        })
  }
  return withClient(context, work, view.note)
}

function assertNoBatchFlags(flags: RunFlags): void {
  const { parallel, failFast, rerun, lane, outputDir, flat, logs } = flags
  const given = Object.keys(
    defined({ parallel, failFast, rerun, lane, outputDir, flat, logs, null: flags.null }),
  )
  const [first] = given.map((name) => `--${name.replace(/[A-Z]/g, (letter) => `-${letter.toLowerCase()}`)}`)
  if (first !== undefined)
    throw new UsageError(`${first} is for a run over many inputs: say over which with --batch GLOB`)
}

/** A folder from outside stays plain text, which a script that expects a folder would not see. */
async function tellOfOutsideFolders({ upload, cwd, args }: RunOptions, view: View): Promise<void> {
  if (upload === false) return
  for (const folder of await findOutsideFolders(cwd ?? '.', args ?? []))
    await view.note(
      `${folder} is a folder outside the current directory: it is passed on as text, and stays here`,
    )
}

/** What was found and does not travel: said once, before anything starts. */
function tellOfStaying(execution: Execution, view: View): void {
  let isTold = false
  execution.onUpload(({ staying }) => {
    if (isTold || staying.length === 0) return
    isTold = true
    void view.note(formatStaying(staying))
  })
}

/** A script that failed may have missed what could not travel. */
async function tellOfLeftFiles(
  client: RGridClient,
  script: string,
  options: RunOptions,
  view: View,
): Promise<void> {
  // What was piped in has been read.
  const { stdin: _, ...rest } = options
  const { left } = await client.plan(script, rest)
  for (const file of left) await view.note(describeLeft(file))
}

async function detach(context: CliContext, execution: Execution, { json }: CarryOutFlags): Promise<number> {
  // Nobody waits for its end here.
  execution.catch(() => {})
  await execution.accepted
  await (json === true
    ? writeJson(context, { id: execution.id })
    : write(context.stdout, `${execution.id}\n`))
  return EXIT.ok
}

interface Run {
  readonly execution: Execution
  readonly view: View
  readonly flags: CarryOutFlags
  /** Says what the script may have failed for. */
  readonly explain: () => Promise<void>
}

async function follow(
  context: CliContext,
  client: RGridClient,
  { execution, view, flags, explain }: Run,
): Promise<number> {
  const result = await watch(context, execution, view)
  if (result === undefined) return EXIT.interrupted
  const { saved, error } = flags.remoteOnly === true ? NOTHING : await save(context, result)
  if (error !== undefined) await view.note(cannotSave(result, error))
  await view.result(result, saved)
  // The files may have changed meanwhile; then there is nothing to say.
  if (result.status === 'failed' && flags.quiet !== true) await explain().catch(() => {})
  const isRemote = (await client.target()) !== 'embedded'
  const receipt = formatReceipt(context, result, { ...flags, saved, isRemote })
  if (receipt !== '') await view.note(receipt)
  const code = resultToExitCode(result)
  return code === EXIT.ok && error !== undefined ? EXIT.rgrid : code
}

/**
 * Follows to the end. The first Ctrl-C asks for that end, and so does output that nobody takes. Resolves with
 * `undefined` when a Ctrl-C could not reach the server.
 */
async function watch(context: CliContext, execution: Execution, view: View): Promise<Result | undefined> {
  let stop = (): void => {}
  const left = new Promise<undefined>((resolve) => {
    stop = onInterrupt(
      context,
      () => void interrupt(execution, view).then((isLeft) => isLeft && resolve(undefined)),
    )
  })
  try {
    return await Promise.race([followExecution(execution, view), left])
  } catch (error) {
    if (error instanceof OutputError) await cancelBriefly(execution)
    throw error
  } finally {
    stop()
  }
}

/** Cancels; resolves with whether there is nothing left to do but to leave. */
async function interrupt(execution: Execution, view: View): Promise<boolean> {
  void view.note('cancelling… press Ctrl-C again to leave without waiting')
  try {
    if (await deliverCancel(execution)) return false
    const { id } = execution
    await view.note(`the server did not hear of it: the execution may go on (rgrid cancel ${id} ends it)`)
    return true
  } catch (error) {
    await view.note(`cannot cancel: ${messageOf(error)}`)
    return false
  }
}

// A script whose output nobody takes ends, as it would in a pipe on this machine.
async function cancelBriefly(execution: Execution): Promise<void> {
  const patience = new AbortController()
  const cancelled = execution.cancel().catch(() => {})
  const tooLong = sleep(CANCEL_GRACE_MS, undefined, { signal: patience.signal }).catch(() => {})
  await Promise.race([cancelled, tooLong])
  patience.abort()
}

interface Saved {
  readonly saved: readonly string[]
  readonly error?: unknown
}

const NOTHING: Saved = { saved: [] }

async function save(context: CliContext, result: Result): Promise<Saved> {
  if (result.artifacts.length === 0) return NOTHING
  try {
    return { saved: await result.download(context.cwd) }
  } catch (error) {
    return { saved: savedOf(error), error }
  }
}

const cannotSave = ({ id }: Result, error: unknown): string =>
  `not all files could be saved (${messageOf(error)}): rgrid download ${id} tries again`
