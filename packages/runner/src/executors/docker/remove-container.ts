import type { Container } from 'dockerode'
import { setTimeout as sleep } from 'node:timers/promises'
import { isEngineStatus } from './engine-error.js'

const TRIES = 20
const DELAY_MS = 100

/** Kills a container if it runs and removes it with its volumes. One that is gone already is fine. */
export async function removeContainer(container: Container): Promise<void> {
  for (let tries = 1; ; tries++) {
    try {
      return void (await container.remove({ force: true, v: true }))
    } catch (error) {
      if (isEngineStatus(error, 404)) return
      // "Removal is already in progress", or the engine is away for a moment.
      if (tries === TRIES) throw error
      await sleep(DELAY_MS)
    }
  }
}
