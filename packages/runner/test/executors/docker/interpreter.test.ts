import { describe, expect, it } from 'vitest'
import { completeLaunch } from '../../../src/executors/docker/complete-launch.js'
import { DEFAULT_RUNTIMES } from '../../../src/executors/runtimes/runtime-table.js'
import type { LaunchScript } from '../../../src/executors/docker/launch-script.js'
import { findInterpreter, formatCall, suits } from '../../../src/executors/docker/waiting/interpreter.js'
import type { Layer } from '../../../src/executors/executor.js'
import { createTestImage } from './test-shape.js'

const IMAGE = createTestImage('python')
const PYTHON: Layer = { key: 'layer', directory: '/layers/layer', kind: 'python' }
const NODE: Layer = { ...PYTHON, kind: 'node' }

const withVersion = (version: string | null) => ({
  ...IMAGE,
  programs: { python3: { path: '/usr/bin/python3', version } },
})

/** What a script is launched with that asks for nothing. */
function createLaunch(change: Partial<LaunchScript> = {}, layer?: Layer): LaunchScript {
  const request = {
    runtime: 'python',
    executionId: 'exec_1',
    attempt: 2,
    project: 'default',
    image: undefined,
    scriptSha256: '',
    resources: {},
    network: undefined,
    isolation: 'execution',
    layer,
    onProgress: () => undefined,
    signal: new AbortController().signal,
  } as const
  const complete = completeLaunch(request, DEFAULT_RUNTIMES.python, IMAGE)
  return { ...complete({ script: 'a.py', args: [], env: {}, inputBytes: 0, deadlineMs: 1_000 }), ...change }
}

describe('the interpreter of a container', () => {
  it.for(['3.8.0', '3.11.2', '3.14.0rc1'])('is there with Python %s', (version) => {
    expect(findInterpreter(withVersion(version), undefined)?.command).toEqual(['/usr/bin/python3'])
  })

  it.for(['2.7.18', '3.7.9', '4.0.0', null])('is not there with Python %s', (version) => {
    expect(findInterpreter(withVersion(version), undefined)).toBeUndefined()
  })

  it('is not there without Python, nor where the packages are those of Node', () => {
    expect(findInterpreter({ ...IMAGE, programs: {} }, undefined)).toBeUndefined()
    expect(findInterpreter(IMAGE, NODE)).toBeUndefined()
  })

  it('is that of the packages where there are any', () => {
    expect(findInterpreter(IMAGE, PYTHON)?.command).toEqual(['/deps/venv/bin/python'])
  })
})

describe('a waiting interpreter', () => {
  const plain = findInterpreter(IMAGE, undefined) ?? expect.fail()

  it('suits a launch of what it was started with', () => {
    const withPackages = findInterpreter(IMAGE, PYTHON) ?? expect.fail()

    expect(suits(plain, createLaunch({ env: { PLAIN: 'a', PY: 'b', PATHS: 'c' } }))).toBe(true)
    expect(suits(withPackages, createLaunch({}, PYTHON))).toBe(true)
  })

  it.for<readonly [string, LaunchScript]>([
    ['another program', createLaunch({ command: ['/usr/bin/python3', '-X', 'utf8'] })],
    ['packages', createLaunch({}, PYTHON)],
    ['another environment of the image', createLaunch({ baseEnv: { HOME: '/' } })],
    ['a folder or an archive', createLaunch({ script: 'tool.pyz' })],
    ['what looks like an option', createLaunch({ script: '-x.py' })],
    ...['PYTHONPATH', 'LANG', 'LC_CTYPE', 'LD_LIBRARY_PATH', 'TZ', 'HOME', 'PATH', 'MALLOC_ARENA_MAX'].map(
      (name) => [name, createLaunch({ env: { [name]: 'x' } })] as const,
    ),
  ])('does not suit a launch with %s', ([, launch]) => {
    expect(suits(plain, launch)).toBe(false)
  })

  it('is told the script, its arguments and its environment', () => {
    const launch = createLaunch({ args: ['', "it's\n"], env: { NAME: 'a=b' }, baseEnv: { HOME: '/tmp' } })

    expect(formatCall(launch).split('\0')).toEqual([
      'a.py',
      '',
      '2',
      '',
      "it's\n",
      'HOME=/tmp',
      'NAME=a=b',
      'RGRID_EXECUTION_ID=exec_1',
      'RGRID_ATTEMPT=2',
      '',
    ])
  })
})
