import { describe, expect, it } from 'vitest'
import { toExit } from '../../../src/executors/docker/to-exit.js'
import type { ContainerEnd, ContainerState } from '../../../src/executors/docker/wait-for-end.js'

const usage = { wallMs: 1, cpuSeconds: null, peakMemoryBytes: null }

const toState = (state: Partial<ContainerState>): ContainerState => ({
  Status: 'exited',
  Running: false,
  Paused: false,
  Restarting: false,
  OOMKilled: false,
  Dead: false,
  Pid: 0,
  ExitCode: 0,
  Error: '',
  StartedAt: '',
  FinishedAt: '',
  ...state,
})

function judge(state: Partial<ContainerState>, end: Partial<ContainerEnd> = {}, wasKilled = false) {
  const { cause, exitCode, signal } = toExit(
    { outcome: 'ended', state: toState(state), hasEngineBroken: false, ...end },
    { usage, wasKilled },
  )
  return [cause, exitCode, signal]
}

describe('toExit', () => {
  it.for([0, 1, 2, 125, 127, 128, 145, 147, 200, 255])('reports code %i as it is', (ExitCode) => {
    expect(judge({ ExitCode })).toEqual(['exit', ExitCode, null])
  })

  it.for([
    [130, 'SIGINT'],
    [134, 'SIGABRT'],
    [137, 'SIGKILL'],
    [139, 'SIGSEGV'],
    [143, 'SIGTERM'],
  ] as const)('reports code %i as %s', ([ExitCode, signal]) => {
    expect(judge({ ExitCode })).toEqual(['signal', ExitCode, signal])
  })

  it('tells an engine that went away from a kill', () => {
    expect(judge({ ExitCode: 137 }, { hasEngineBroken: true })[0]).toBe('engine_restart')
    expect(judge({ ExitCode: 143 }, { hasEngineBroken: true })[0]).toBe('engine_restart')
    expect(judge({ ExitCode: 137 }, { hasEngineBroken: true }, true)[0]).toBe('signal')
    expect(judge({ ExitCode: 5 }, { hasEngineBroken: true })).toEqual(['exit', 5, null])
  })

  it('tells want of memory from a kill', () => {
    expect(judge({ ExitCode: 137, OOMKilled: true })[0]).toBe('out_of_memory')
    expect(judge({ ExitCode: 1, OOMKilled: true })[0]).toBe('out_of_memory')
    expect(judge({ ExitCode: 137, OOMKilled: true }, {}, true)[0]).toBe('signal')
  })

  it('reports success in spite of a child that ran out of memory, and says so', () => {
    const end: ContainerEnd = {
      outcome: 'ended',
      state: toState({ OOMKilled: true }),
      hasEngineBroken: false,
    }

    expect(toExit(end, { usage, wasKilled: false })).toMatchObject({
      cause: 'exit',
      exitCode: 0,
      message: 'a process that the script started was killed for want of memory',
    })
  })

  it("passes on the engine's error", () => {
    expect(judge({ ExitCode: 128, Error: 'no such device' })[0]).toBe('internal')
  })

  it('never takes a missing answer for an exit code', () => {
    expect(judge({}, { outcome: 'removed' })).toEqual(['container_removed', null, null])
    expect(judge({}, { outcome: 'never_started' })).toEqual(['engine_restart', null, null])
    expect(judge({}, { outcome: 'unreachable' })).toEqual(['engine_restart', null, null])
  })
})
