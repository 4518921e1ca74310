import { setImmediate as immediately } from 'node:timers/promises'

const BREATH_MS = 8

/**
 * Makes a pause for loops over many small steps: it gives way to leases and logs of other attempts when the loop has had
 * its time, and costs next to nothing in between.
 */
export function createBreather(): () => Promise<void> | undefined {
  let since = performance.now()
  const breathe = async (): Promise<void> => {
    await immediately()
    since = performance.now()
  }
  return () => (performance.now() - since < BREATH_MS ? undefined : breathe())
}
