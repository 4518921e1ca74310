import type { Container } from 'dockerode'
import { setTimeout as sleep } from 'node:timers/promises'
import { isEngineStatus } from './engine-error.js'

const RETRY_MS = 100

/** Sends a signal to a container through the engine, again and again while it does not answer and `isOver` does not hold. */
export async function killContainer(
  container: Container,
  signal: 'SIGTERM' | 'SIGKILL',
  isOver: () => boolean,
): Promise<void> {
  while (!isOver()) {
    try {
      return void (await container.kill({ signal }))
    } catch (error) {
      if (isEngineStatus(error, 404, 409)) return
      await sleep(RETRY_MS)
    }
  }
}
