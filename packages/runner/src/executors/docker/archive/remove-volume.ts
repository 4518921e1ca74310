import type Docker from 'dockerode'
import { setTimeout as sleep } from 'node:timers/promises'
import { isEngineStatus } from '../engine-error.js'

const TRIES = 20
const DELAY_MS = 100

/** Removes a volume. One that is gone already is fine. */
export async function removeVolume(docker: Docker, name: string): Promise<void> {
  for (let tries = 1; ; tries++) {
    try {
      return void (await docker.getVolume(name).remove())
    } catch (error) {
      if (isEngineStatus(error, 404)) return
      // The engine may hold it for a moment after its container has gone, or be away itself.
      if (tries === TRIES) throw error
      await sleep(DELAY_MS)
    }
  }
}
