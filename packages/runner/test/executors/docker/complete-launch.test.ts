import { describe, expect, it } from 'vitest'
import { completeLaunch } from '../../../src/executors/docker/complete-launch.js'
import type { PreparedImage } from '../../../src/executors/docker/images/prepared-image.js'
import { DEFAULT_RUNTIMES, type RuntimeEntry } from '../../../src/executors/runtimes/runtime-table.js'
import { StartError, type Launch, type PlaceRequest } from '../../../src/executors/executor.js'
import { createTestImage, PLAIN } from './test-shape.js'

const LAUNCH: Launch = { script: 'a.py', args: ['x'], env: { A: '1' }, inputBytes: 0, deadlineMs: 1_000 }
const REQUEST: PlaceRequest = {
  ...PLAIN,
  executionId: `exec_${'1'.repeat(32)}`,
  attempt: 2,
  runtime: 'python',
  image: undefined,
  onProgress: () => undefined,
  signal: new AbortController().signal,
}

const complete = (
  change: {
    readonly request?: Partial<PlaceRequest>
    readonly entry?: Partial<RuntimeEntry>
    readonly image?: Partial<PreparedImage>
  } = {},
) =>
  completeLaunch(
    { ...REQUEST, ...change.request },
    { ...DEFAULT_RUNTIMES.python, ...change.entry },
    { ...createTestImage('python'), ...change.image },
  )(LAUNCH)

describe('a completed launch', () => {
  it('says what is run, and for which attempt', () => {
    expect(complete()).toEqual({
      ...LAUNCH,
      executionId: REQUEST.executionId,
      attempt: 2,
      command: ['/usr/bin/python3'],
      baseEnv: { HOME: '/tmp', PYTHONUNBUFFERED: '1', PATH: '/usr/bin:/bin' },
    })
  })

  it('keeps the arguments of the runtime', () => {
    const { command } = complete({ entry: { command: ['python3', '-X', 'utf8'] } })

    expect(command).toEqual(['/usr/bin/python3', '-X', 'utf8'])
  })

  it('takes the program of the runtime where it is named by its whole path', () => {
    expect(complete({ entry: { command: ['/opt/python', '-I'] } }).command).toEqual(['/opt/python', '-I'])
  })

  it('points Python to the compiled library of its image', () => {
    const { baseEnv } = complete({ image: { pycacheDirectory: '/cache/pycache' } })

    expect(baseEnv['PYTHONPYCACHEPREFIX']).toBe('/var/cache/rgrid/pycache')
  })

  it('runs Python scripts with their packages', () => {
    const layer = { key: 'k', directory: '/layers/k', kind: 'python' } as const
    const { command, baseEnv } = complete({
      request: { layer },
      entry: { command: ['python3', '-X', 'utf8'] },
    })

    expect(command).toEqual(['/deps/venv/bin/python', '-X', 'utf8'])
    expect(baseEnv['PATH']).toBe('/deps/venv/bin:/usr/bin:/bin')
  })

  it('runs Node scripts with their packages by the same program', () => {
    const layer = { key: 'k', directory: '/layers/k', kind: 'node' } as const
    const { command, baseEnv } = complete({ request: { layer } })

    expect(command).toEqual(['/usr/bin/python3'])
    expect(baseEnv['PATH']).toBe('/node_modules/.bin:/usr/bin:/bin')
  })

  it('is refused where the image has no program for it, by name', () => {
    const attempt = () => complete({ image: { programs: {}, name: 'my/tools' } })

    expect(attempt).toThrow(StartError)
    expect(attempt).toThrow('the image my/tools has no python3 to run python scripts with')
  })
})
