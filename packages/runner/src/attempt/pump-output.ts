import type { StreamName } from '@rgrid/protocol'
import type { Running } from '../executors/executor.js'
import type { LogShipper } from './log-shipper.js'

/**
 * Reads both streams of a script into the log, at once and side by side, and holds both when too much is waiting.
 * Resolves when both have closed.
 */
export async function pumpOutput(
  running: Running,
  log: LogShipper,
  onOutput: () => void = () => undefined,
): Promise<void> {
  const streams = [running.stdout, running.stderr]
  let held = false

  const hold = async (): Promise<void> => {
    if (held) return
    held = true
    for (const stream of streams) stream.pause()
    await log.drained()
    held = false
    for (const stream of streams) stream.resume()
  }
  const pump = (name: StreamName): Promise<void> =>
    new Promise((resolve) => {
      const stream = running[name]
      stream.once('data', onOutput)
      stream.on('data', (bytes: Uint8Array) => {
        if (!log.write({ stream: name, bytes, at: Date.now() })) void hold()
      })
      stream.once('close', resolve)
      // A broken pipe ends the stream; the exit says how the script fared.
      stream.once('error', () => stream.destroy())
    })

  await Promise.all([pump('stdout'), pump('stderr')])
}
