import { describe, expect, it, test } from 'vitest'
import type { Sight } from '../../../src/executors/docker/cgroup-reader.js'
import { hasKilledForMemory, withMemoryKill } from '../../../src/executors/docker/memory-kill.js'
import type { ContainerState } from '../../../src/executors/docker/wait-for-end.js'

const see = (oomKills: number | null): Sight => ({
  processes: 1,
  cpuSeconds: null,
  peakMemoryBytes: null,
  oomKills,
})

describe('hasKilledForMemory', () => {
  test.for([
    [see(0), see(1), true],
    [see(3), see(4), true],
    [see(3), see(3), false],
    // What is not known is not said.
    [undefined, see(1), false],
    [see(null), see(1), false],
    [see(0), see(null), false],
    [see(0), undefined, false],
  ] as const)('%j, then %j: %s', ([before, now, expected]) => {
    expect(hasKilledForMemory(before, now)).toBe(expected)
  })
})

describe('withMemoryKill', () => {
  const state = { ExitCode: 137, OOMKilled: false, Error: '' } as ContainerState
  const end = { outcome: 'ended', state, hasEngineBroken: false } as const

  it('adds what the engine has not heard of', () => {
    expect(withMemoryKill(end, true).state).toEqual({ ...state, OOMKilled: true })
  })

  it('takes nothing back, and makes up no state', () => {
    const known = { ...end, state: { ...state, OOMKilled: true } }
    const removed = { outcome: 'removed', state: undefined, hasEngineBroken: false } as const

    expect(withMemoryKill(known, false)).toEqual(known)
    expect(withMemoryKill(end, false)).toEqual(end)
    expect(withMemoryKill(removed, true)).toEqual(removed)
  })
})
