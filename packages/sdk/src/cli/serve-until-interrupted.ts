import type { CliContext } from './context.js'
import { EXIT } from './exit-code.js'
import { waitForInterrupt } from './interrupt.js'
import { note } from './write.js'

/** Serves until the first signal, or until it ends by itself; then closes. The second signal leaves at once. */
export async function serveUntilInterrupted(
  context: CliContext,
  service: { close(): Promise<void>; readonly closed?: Promise<void> },
): Promise<number> {
  const interrupted = waitForInterrupt(context).then(() => note(context, 'stopping…'))
  // It may also fail while it is being closed.
  service.closed?.catch(() => {})
  try {
    await (service.closed === undefined ? interrupted : Promise.race([interrupted, service.closed]))
  } finally {
    await service.close()
  }
  return EXIT.ok
}
