import type { Execution, Result } from '@rgrid/sdk'
import { afterAll, afterEach, beforeAll, expect, vi } from 'vitest'
import { setCanaries, type Canaries } from './canaries.js'
import { startNeighbour, type Neighbour } from './neighbour.js'
import { openWorld, type HostileOptions, type World } from './world.js'

/** Where hostile scripts perform. */
export interface Stage {
  readonly world: World
  /** Runs a script to its end, and checks what holds after each of them. */
  run(source: string, options?: HostileOptions): Promise<Result>
  /** Waits for an execution, and checks what holds after each of them. */
  finish(execution: Execution): Promise<Result>
}

const GONE_WITHIN_MS = 10_000

/**
 * Opens a world with a neighbour for the tests of a file. After every script its container and its directory are gone,
 * this machine is as it was, the runner is there, and the neighbour has not been held up.
 */
export function createStage(): Stage {
  let world: World | undefined
  let neighbour: Neighbour | undefined
  let canaries: Canaries | undefined
  const getWorld = (): World => {
    if (world === undefined) throw new Error('the world has not been opened')
    return world
  }

  beforeAll(async () => {
    canaries = setCanaries()
    world = await openWorld()
    neighbour = await startNeighbour(world.client)
  })
  afterEach(async () => {
    expect(await neighbour?.findFaults(), 'faults of the neighbour').toEqual([])
    expect(getWorld().runner.isAlive(), 'the runner is there').toBe(true)
  })
  afterAll(async () => {
    const faults = await neighbour?.end()
    await world?.close()
    const changes = canaries?.findChanges()
    canaries?.remove()
    expect(faults, 'faults of the neighbour').toEqual([])
    expect(changes, 'what has changed on this machine').toEqual([])
  })

  const finish = async (execution: Execution): Promise<Result> => {
    const result = await execution
    await vi.waitFor(
      async () => expect(await getWorld().findLeft(execution.id), 'what is left').toEqual([]),
      GONE_WITHIN_MS,
    )
    expect(canaries?.findChanges(), 'what has changed on this machine').toEqual([])
    return result
  }
  return {
    get world() {
      return getWorld()
    },
    run: (source, options) => finish(getWorld().run(source, options)),
    finish,
  }
}

/** How an execution ended, in the words that a test is about. */
export const summarize = ({ status, cause, exitCode, signal, stdout, stderr }: Result) => ({
  status,
  cause,
  exitCode,
  signal,
  stdout,
  stderr,
})
