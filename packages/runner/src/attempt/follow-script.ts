import type { WireFile } from '@rgrid/protocol'
import type { Api } from '@rgrid/protocol/client'
import type { Place, Running } from '../executors/executor.js'
import { toEnding, type AttemptReporter, type Ending } from './attempt-reporter.js'
import { collectOutputs, type Outputs } from './collect-outputs.js'
import type { LeaseKeeper } from './lease-keeper.js'
import type { LogShipper } from './log-shipper.js'
import { pumpOutput } from './pump-output.js'
import type { Stopwatch } from './stopwatch.js'
import { watchScript, type StopSignals } from './watch-script.js'
import type { Workspace } from './workspace.js'

/** What there is to follow, and who is told of it. */
export interface ScriptContext {
  readonly api: Api
  readonly reporter: AttemptReporter
  readonly lease: LeaseKeeper
  readonly log: LogShipper
  readonly place: Pick<Place, 'container' | 'environment' | 'bringFiles'>
  readonly workspace: Workspace
  readonly stop: StopSignals
  /** Measures where the time goes, unless somebody else has started the script. */
  readonly watch?: Stopwatch
}

/**
 * Follows a script to its end: ships its output, watches its timeout and cancel requests, brings its files home and
 * reports. When the right to the attempt is gone the script is killed and nothing is reported.
 */
export async function followScript(context: ScriptContext, running: Running): Promise<void> {
  const { reporter, log, stop, watch, place } = context
  const pumped = pumpOutput(running, log, () => watch?.noteOutput())
  const end = await watchScript(running, stop)
  watch?.lap('scriptMs')
  await pumped
  if (stop.lost.aborted) return
  const [final, outputs] = await collect(context, { ...end, environment: place.environment })
  watch?.lap('outputsMs')
  await reporter.complete(final, await log.finish(), outputs, watch?.read(place.container))
}

async function collect(
  { api, reporter, workspace, lease, place }: ScriptContext,
  ending: Ending,
): Promise<[Ending, Outputs]> {
  try {
    const { bringFiles } = place
    const context = {
      api,
      bringFiles,
      sendOutputs: (files: readonly WireFile[]) => reporter.sendOutputs(files),
      onUpload: () => lease.finishing(),
    }
    return [ending, await collectOutputs(context, workspace)]
  } catch (error) {
    const skipped = [{ path: '.', reason: 'could not be stored' }]
    const { message } = toEnding('blob_store', error)
    return [
      { ...ending, cause: 'blob_store', message },
      { files: [], skipped, notes: [] },
    ]
  }
}
