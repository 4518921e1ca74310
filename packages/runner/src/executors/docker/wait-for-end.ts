import type { Container, ContainerInspectInfo } from 'dockerode'
import type DockerModem from 'docker-modem'
import { Readable } from 'node:stream'
import { setTimeout as sleep } from 'node:timers/promises'
import { isEngineStatus } from './engine-error.js'

/** What the engine says of a container that runs no more. */
export type ContainerState = ContainerInspectInfo['State']

/** The part of it that tells how the script ended. */
export type EndState = Pick<ContainerState, 'ExitCode' | 'OOMKilled' | 'Error'>

/** How the wait for a container's end went. */
export interface ContainerEnd<State = ContainerState> {
  readonly outcome: 'ended' | 'never_started' | 'removed' | 'unreachable'
  /** With outcome `ended`. */
  readonly state: State | undefined
  /** Whether the engine went away in between: a kill may have been its doing. */
  readonly hasEngineBroken: boolean
}

const FIRST_DELAY_MS = 50
const MAX_DELAY_MS = 2_000
const GIVE_UP_MS = 60_000

/**
 * Waits until a container has ended. The engine's wait is only a hint: the container's state is the answer, and it is
 * asked for again when the wait breaks off. Never rejects.
 */
export async function waitForEnd(container: Container): Promise<ContainerEnd> {
  let hasEngineBroken = false
  let delayMs = FIRST_DELAY_MS
  let lastAnswerAt = performance.now()
  const toEnd = (outcome: ContainerEnd['outcome'], state?: ContainerState): ContainerEnd => ({
    outcome,
    state,
    hasEngineBroken,
  })

  for (;;) {
    try {
      await waitOnce(container)
      const { State: state } = await container.inspect()
      if (state.Status === 'created') return toEnd('never_started')
      if (!state.Running) return toEnd('ended', state)
      delayMs = FIRST_DELAY_MS
      lastAnswerAt = performance.now()
    } catch (error) {
      if (isEngineStatus(error, 404)) return toEnd('removed')
      hasEngineBroken = true
      if (performance.now() - lastAnswerAt > GIVE_UP_MS) return toEnd('unreachable')
      await sleep(delayMs)
      delayMs = Math.min(delayMs * 2, MAX_DELAY_MS)
    }
  }
}

/** Dockerode's own wait never settles when the engine goes away after its headers: this one reads the body itself. */
async function waitOnce({ id, modem }: { id: string; modem: DockerModem }): Promise<void> {
  const response = await new Promise<unknown>((resolve, reject) => {
    const request = {
      method: 'POST',
      path: `/containers/${id}/wait`,
      isStream: true,
      statusCodes: { 200: true, 404: 'no such container', 500: 'server error' },
    }
    modem.dial(request, (error, result) => (error === null ? resolve(result) : reject(error)))
  })
  if (response instanceof Readable) for await (const chunk of response) void chunk
}
