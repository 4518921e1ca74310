import { createPathFilter, LIMITS, type Skipped, type WireFile } from '@rgrid/protocol'
import type { Api } from '@rgrid/protocol/client'
import type { Place } from '../executors/executor.js'
import { createBreather } from './breather.js'
import { listOutputs } from './list-outputs.js'
import { createOutputBatch } from './output-batch.js'
import { readOutput } from './read-output.js'
import { createSkipList } from './skip-list.js'
import { uploadOutputs } from './upload-outputs.js'
import type { Workspace } from './workspace.js'

/** The files of a workspace that go home. Small ones carry their bytes, the others are at the server already. */
export interface Outputs {
  /** The last of them; those before are at the server. */
  readonly files: WireFile[]
  readonly skipped: Skipped[]
  readonly notes: string[]
}

/** What collecting files needs of an attempt. */
export interface CollectContext {
  readonly api: Api
  /** Sends some of the files ahead of the end. */
  readonly sendOutputs: (files: readonly WireFile[]) => Promise<void>
  /** Called before the first upload, which may take its time. */
  readonly onUpload: () => Promise<void>
  /** Brings the files to the workspace where they are elsewhere. */
  readonly bringFiles?: Place['bringFiles']
}

/**
 * Collects what the script made, after it has stopped. Few small files are kept for the last report; of more, and of large
 * ones, all but the last go to the server while the rest is read.
 *
 * @throws RGridError when the server cannot store a file.
 */
export async function collectOutputs(
  { api, sendOutputs, onUpload, bringFiles }: CollectContext,
  workspace: Workspace,
): Promise<Outputs> {
  const { workDir, outputs } = workspace
  const skips = createSkipList()
  await bringFiles?.((path, reason) => skips.add(path, reason), toWanted(outputs))
  const { candidates, unmatched } = await listOutputs(workspace, skips)
  const breathe = createBreather()
  const batch = createOutputBatch()
  let isTold = false

  /** Uploads the large files of the batch; what changed meanwhile does not go home. */
  const upload = async (files: readonly WireFile[]): Promise<WireFile[]> => {
    const large = files.filter(({ data }) => data === undefined)
    if (large.length > 0) await tell()
    const changed = await uploadOutputs(api, workDir, large)
    return files.filter(({ path, sha256 }) => {
      if (!changed.has(sha256)) return true
      skips.add(path, 'changed while it was read')
      return false
    })
  }
  const tell = async (): Promise<void> => {
    if (!isTold) await onUpload()
    isTold = true
  }
  let sending: Promise<void> = Promise.resolve()
  /** Sends a batch while the next one is read, but no more than one at a time. */
  const sendAhead = async (): Promise<void> => {
    await sending
    await tell()
    const files = batch.take()
    sending = upload(files).then((left) => (left.length > 0 ? sendOutputs(left) : undefined))
    // Its failure is heard at the next look.
    sending.catch(() => undefined)
  }

  for (const { path, size, input } of candidates) {
    if (!batch.hasRoomFor(path, size)) await sendAhead()
    try {
      const file = await readOutput(workDir, path, size)
      if (input?.sha256 !== file.sha256) batch.add(file)
    } catch {
      skips.add(path, 'cannot be read')
    }
    await breathe()
  }
  await sending
  const files = await upload(batch.take())
  return { files, skipped: skips.read(), notes: describeUnmatched(unmatched) }
}

const toWanted = (outputs: readonly string[] | undefined): ((path: string) => boolean) => {
  const filter = outputs === undefined ? undefined : createPathFilter(outputs)
  return (path) => filter?.takes(path) !== false
}

const describeUnmatched = (patterns: readonly string[]): string[] =>
  patterns
    .slice(0, LIMITS.notes)
    .map((pattern) =>
      `the output pattern ${JSON.stringify(pattern)} matched no file that was created or changed`.slice(
        0,
        LIMITS.noteChars,
      ),
    )
