import type { Reason } from '../files/collect-files.js'
import type { PlannedFile, RunPlan } from '../plan.js'
import type { CliContext } from './context.js'
import { EXIT } from './exit-code.js'
import { toPrintable } from './printable.js'
import { formatTable } from './table.js'
import type { ViewFlags } from './view.js'
import { widthOf } from './width.js'
import { note, write, writeJson } from './write.js'

const HEADER = ['FILE', 'BYTES', 'WHY']

/** Shows what a run would send. */
export async function showPlan(context: CliContext, plan: RunPlan, flags: ViewFlags): Promise<number> {
  if (flags.json === true) await writeJson(context, plan)
  else await showFiles(context, plan)
  if (flags.json !== true && flags.quiet !== true) await tellRest(context, plan)
  return EXIT.ok
}

async function showFiles(context: CliContext, { files }: RunPlan): Promise<void> {
  const { stdout } = context
  const rows = files.map(({ path, sizeBytes, reason }) => [path, String(sizeBytes), formatReason(reason)])
  await write(stdout, formatTable([HEADER, ...rows], stdout.isTTY === true ? widthOf(stdout) : undefined))
}

async function tellRest(context: CliContext, { files, left }: RunPlan): Promise<void> {
  for (const file of left) await note(context, describeLeft(file))
  const bytes = files.reduce((sum, { sizeBytes }) => sum + sizeBytes, 0)
  const count = files.length === 1 ? '1 file' : `${files.length} files`
  await note(context, `${count} with ${bytes} bytes would travel; nothing was sent`)
}

/** Says that a file which the script imports is not there where it runs, and what to do. */
export const describeLeft = ({ path, reason }: PlannedFile): string =>
  toPrintable(
    `${path} (${formatReason(reason)}) is outside the current directory and stays here: run from above it`,
  )

function formatReason(reason: Reason): string {
  switch (reason.kind) {
    case 'argument':
      return `argument ${reason.index + 1}`
    case 'import':
      return `imported by ${reason.by} line ${reason.line}`
    default:
      return reason.kind
  }
}
