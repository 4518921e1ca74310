import { RGridError, type AttemptRecord, type ExecutionRecord } from '@rgrid/protocol'
import { access, readFile, stat } from 'node:fs/promises'
import { join } from 'node:path'
import { describe, expect, it, vi } from 'vitest'
import { DownloadError } from '../../src/download/download-error.js'
import type { LogPiece, RGridClient } from '../../src/types.js'
import { createDirectory } from '../temporary-directory.js'
import { createTestContext } from './support/create-test-context.js'
import { createArtifact, createFakeExecution, createPiece, ID } from './support/fake-execution.js'

const record = (changes: Partial<ExecutionRecord> = {}): ExecutionRecord => ({
  id: ID,
  status: 'completed',
  cause: 'exit',
  exitCode: 0,
  signal: null,
  message: null,
  script: 'report.py',
  args: ['sales\x1b.csv'],
  rewrites: [],
  envNames: [],
  runtime: 'python',
  executor: 'process',
  timeoutMs: 300_000,
  image: null,
  resources: {},
  network: null,
  isolation: 'execution',
  labels: {},
  outputs: null,
  priority: 0,
  retries: null,
  retryOf: null,
  cache: null,
  notBefore: null,
  attempt: 1,
  cancelRequested: false,
  createdAt: '2026-01-02T03:04:05.000Z',
  claimedAt: null,
  startedAt: null,
  finishedAt: '2026-01-02T03:04:06.000Z',
  timings: { queuedMs: 1, preparingMs: 1, runningMs: 1_200, finishingMs: 1, totalMs: 1_203 },
  phases: null,
  usage: { wallMs: 1_200, cpuSeconds: 0.5, peakMemoryBytes: null },
  costMicrons: 0,
  logs: { stdoutBytes: 1, stderrBytes: 0, droppedBytes: 0, cursor: '1.1' },
  artifacts: [],
  skipped: [],
  notes: [],
  attempts: [],
  ...changes,
})

const failing = (error: Error) => () => Promise.reject(error)

describe('rgrid', () => {
  it('suggests a command for a typo', async () => {
    const { run, stderr } = createTestContext()

    expect(await run('lgos')).toBe(2)

    expect(stderr()).toBe("rgrid: unknown command 'lgos': did you mean logs?\n")
  })

  it('prints its version', async () => {
    const { run, stdout } = createTestContext()

    expect(await run('--version')).toBe(0)

    expect(stdout()).toMatch(/^\d+\.\d+\.\d+\S*\n$/)
  })

  it('shows help on stderr and fails without a command', async () => {
    const { run, stdout, stderr } = createTestContext()

    expect(await run()).toBe(2)

    expect(stdout()).toBe('')
    expect(stderr()).toContain('Usage: rgrid')
  })

  it.for([
    'run',
    'status',
    'logs',
    'attach',
    'wait',
    'cancel',
    'retry',
    'ls',
    'outputs',
    'download',
    'rm',
    'up',
    'server',
    'runner',
    'runners',
    'runtimes',
    'init',
    'doctor',
  ])('explains %s', async (command) => {
    const { run, stdout } = createTestContext()

    expect(await run('help', command)).toBe(0)

    expect(stdout()).toContain(`Usage: rgrid ${command}`)
  })

  it('explains the exit codes', async () => {
    const { run, stdout } = createTestContext()

    expect(await run('help', 'exit-codes')).toBe(0)

    expect(stdout()).toContain('124')
  })

  it('reports an error in one line', async () => {
    const get = failing(new RGridError('unauthenticated', 'this key is not known', { requestId: 'r1' }))
    const { run, stdout, stderr } = createTestContext({ client: { get } })

    expect(await run('status', ID)).toBe(4)

    expect(stdout()).toBe('')
    expect(stderr()).toMatch(/^rgrid: this key is not known: .*\(request r1\)\n$/)
  })
})

describe('status', () => {
  it('prints the record as JSON', async () => {
    const { run, json } = createTestContext({ client: { get: async () => record() } })

    await run('status', '--json', ID)

    expect(json()).toEqual(record())
  })

  it('prints what happened, and nothing that steers the terminal', async () => {
    const { run, stdout } = createTestContext({ client: { get: async () => record() } })

    expect(await run('status', ID)).toBe(0)

    expect(stdout()).toContain('status      completed\n')
    expect(stdout()).toContain('script      report.py sales\\u{1b}.csv\n')
  })
})

describe('status of a container', () => {
  const phases = {
    container: 'warm',
    dependenciesMs: 0,
    placeMs: 1.2,
    inputsMs: 2,
    launchMs: 3,
    firstOutputMs: null,
    scriptMs: 1_500,
    outputsMs: 4,
  } as const

  it('says what was asked for and where the time went', async () => {
    const asked = { image: 'me/tools:1', network: 'bridge', isolation: 'shared' } as const
    const resources = { cpus: 1, memoryMib: 1536, pids: 1, diskMib: 2048 }
    const { run, stdout } = createTestContext({
      client: { get: async () => record({ ...asked, resources, phases }) },
    })

    await run('status', ID)

    expect(stdout()).toContain(
      'asked for   1 CPU, 1536 MiB memory, 1 process, 2 GiB disk, image me/tools:1, network bridge, a shared container\n',
    )
    expect(stdout()).toContain('container   warm\n')
    expect(stdout()).toContain(
      'phases      dependencies 0 ms, place 1 ms, inputs 2 ms, launch 3 ms, script 1.5 s, outputs 4 ms\n',
    )
  })

  it('leaves out what nobody asked for, and phases that there are not', async () => {
    const { run, stdout } = createTestContext({ client: { get: async () => record() } })

    await run('status', ID)

    expect(stdout()).not.toMatch(/asked for|container|phases/)
  })
})

describe('ls', () => {
  it('lists executions in columns', async () => {
    const { run, stdout } = createTestContext({
      client: { list: async () => ({ executions: [record()], next: null }) },
    })

    await run('ls')

    const [header, row] = stdout().split('\n')
    expect(header).toMatch(/^ID +STATUS +EXIT/)
    expect(row).toMatch(new RegExp(`^${ID}  completed  0 .*report\\.py`))
  })

  it('says once what executions wait for', async () => {
    const queued = (id: string, message: string | null) => record({ id, status: 'queued', message })
    const full = 'no runner that fits claims anything now: full: \x1b'
    const executions = [queued('a', full), queued('b', null), queued('c', 'no runner'), queued('d', full)]
    const failed = record({ status: 'failed', message: 'it broke' })
    const { run, stderr } = createTestContext({
      client: { list: async () => ({ executions: [...executions, failed], next: null }) },
    })

    await run('ls')

    expect(stderr()).toBe(
      `rgrid: a and 1 more wait: ${full.replace('\x1b', '\\u{1b}')}\nrgrid: c waits: no runner\n`,
    )
  })

  it('prints ids only with -q', async () => {
    const { run, stdout } = createTestContext({
      client: { list: async () => ({ executions: [record()], next: null }) },
    })

    await run('ls', '-q')

    expect(stdout()).toBe(`${ID}\n`)
  })

  it('reads as many pages as the limit needs', async () => {
    const page = Array.from({ length: 100 }, () => record())
    const list = vi.fn<RGridClient['list']>(async ({ limit } = {}) => ({
      executions: page.slice(0, Number(limit)),
      next: ID,
    }))
    const { run, json } = createTestContext({ client: { list } })

    await run('ls', '--limit', '150', '--status', 'failed', '--json')

    expect(list.mock.calls.map(([query]) => query)).toEqual([
      { limit: 100, status: 'failed' },
      { limit: 50, status: 'failed', before: ID },
    ])
    expect(json()).toMatchObject({ executions: { length: 150 }, next: ID })
  })

  it('says on stderr when there is nothing', async () => {
    const { run, stdout, stderr } = createTestContext({
      client: { list: async () => ({ executions: [], next: null }) },
    })

    expect(await run('ls')).toBe(0)

    expect([stdout(), stderr()]).toEqual(['', 'rgrid: there are no executions yet\n'])
  })
})

describe('logs', () => {
  async function* play(): AsyncGenerator<LogPiece> {
    yield createPiece('stdout', '\x1b[2Jout\n')
    yield createPiece('stderr', 'err\n')
  }

  it('keeps the streams apart', async () => {
    const { run, stdout, stderr } = createTestContext({ client: { logs: play } })

    await run('logs', ID)

    expect([stdout(), stderr()]).toEqual(['\x1b[2Jout\n', 'err\n'])
  })

  it('asks for one attempt', async () => {
    const logs = vi.fn<RGridClient['logs']>(play)
    const { run } = createTestContext({ client: { logs } })

    expect(await run('logs', ID, '--attempt', '2')).toBe(0)
    expect(await run('logs', ID)).toBe(0)
    expect(await run('logs', ID, '--attempt', '0')).toBe(2)

    const options = logs.mock.calls.map(([, asked = {}]) => asked)
    expect(options.map((asked) => 'attempt' in asked && asked.attempt)).toEqual([2, false])
  })

  it('prints one stream when asked', async () => {
    const { run, stdout, stderr } = createTestContext({ client: { logs: play } })

    await run('logs', '--stream', 'stderr', ID)

    expect([stdout(), stderr()]).toEqual(['', 'err\n'])
  })

  it('takes control sequences out on a terminal, unless --raw', async () => {
    const tame = createTestContext({ tty: true, client: { logs: play } })
    const raw = createTestContext({ tty: true, client: { logs: play } })

    await tame.run('logs', ID)
    await raw.run('logs', '--raw', ID)

    expect([tame.stdout(), raw.stdout()]).toEqual(['out\n', '\x1b[2Jout\n'])
  })

  it('-f stops watching at Ctrl-C and cancels nothing', async () => {
    const cancel = vi.fn()
    let stopped: AbortSignal | undefined
    async function* forever(_id: string, options: { signal?: AbortSignal } = {}): AsyncGenerator<LogPiece> {
      stopped = options.signal
      yield createPiece('stdout', 'x\n')
      await new Promise(() => {})
    }
    const { run, signal, stdout } = createTestContext({ client: { logs: forever, cancel } })

    const code = run('logs', '-f', ID)
    await vi.waitFor(() => expect(stdout()).toBe('x\n'))
    signal('SIGINT')

    expect(await code).toBe(130)
    expect(stopped?.aborted).toBe(true)
    expect(cancel).not.toHaveBeenCalled()
  })

  it('ends quietly when the pipe is closed', async () => {
    const stdoutError = Object.assign(new Error('write EPIPE'), { code: 'EPIPE' })
    const { run, stderr } = createTestContext({ client: { logs: play }, stdoutError })

    expect(await run('logs', ID)).toBe(141)

    expect(stderr()).toBe('')
  })
})

describe('attach and wait', () => {
  it.for(['attach', 'wait'])("%s exits with the execution's code", async (command) => {
    const { execution } = createFakeExecution({ result: { status: 'failed', exitCode: 7 } })
    const { run } = createTestContext({ client: { attach: () => execution } })

    expect(await run(command, ID)).toBe(7)
  })

  it.for([
    [
      'lost with its runner',
      { status: 'lost', cause: 'runner_lost', message: 'the machine is gone' },
      /^rgrid: .* was lost, its script may have run in part \(runner_lost\): the machine is gone\n$/,
    ],
    ['stopped by a signal', { status: 'failed', cause: 'signal', signal: 'SIGSEGV' }, /killed by SIGSEGV\n$/],
    ['a failing script', { status: 'failed', cause: 'exit', exitCode: 3 }, /^$/],
  ] as const)('wait says why an execution ended: %s', async ([, result, text]) => {
    const { execution } = createFakeExecution({ result: { exitCode: null, ...result } })
    const { run, stdout, stderr } = createTestContext({ client: { attach: () => execution } })

    await run('wait', ID)

    expect(stderr()).toMatch(text)
    expect(stdout()).toBe('')
  })

  it.for(['attach', 'wait'])('%s only stops watching at Ctrl-C', async (command) => {
    const { execution, cancels } = createFakeExecution({ endless: true })
    const { run, signal, listeners, stderr } = createTestContext({ client: { attach: () => execution } })

    const code = run(command, ID)
    await vi.waitFor(() => expect(listeners()).toBe(1))
    signal('SIGINT')

    expect(await code).toBe(130)
    expect(cancels).toEqual([])
    expect(stderr()).toContain(`rgrid cancel ${ID}`)
  })

  it('attach shows the output, and saves nothing', async () => {
    const download = vi.fn(async () => [])
    const { execution } = createFakeExecution({
      pieces: [createPiece('stdout', 'hi\n')],
      result: { artifacts: [createArtifact('a.json')], download },
    })
    const { run, stdout } = createTestContext({ client: { attach: () => execution } })

    await run('attach', ID)

    expect(stdout()).toBe('hi\n')
    expect(download).not.toHaveBeenCalled()
  })
})

describe('cancel', () => {
  it('asks and says so', async () => {
    const cancel = vi.fn(async () => {})
    const { run, stderr } = createTestContext({ client: { cancel } })

    expect(await run('cancel', ID)).toBe(0)

    expect(cancel).toHaveBeenCalledWith(ID)
    expect(stderr()).toBe(`rgrid: asked ${ID} to end\n`)
  })

  it('fails with 1 for one that is over', async () => {
    const cancel = failing(new RGridError('already_finished', 'it is over'))
    const { run } = createTestContext({ client: { cancel } })

    expect(await run('cancel', ID)).toBe(1)
  })
})

describe('rm', () => {
  it('deletes each of the executions and says so', async () => {
    const remove = vi.fn(async () => {})
    const { run, stderr } = createTestContext({ client: { remove } })

    expect(await run('rm', ID, 'exec_2')).toBe(0)

    expect(remove.mock.calls).toEqual([
      [ID, {}],
      ['exec_2', {}],
    ])
    expect(stderr()).toBe(`rgrid: deleted ${ID}, exec_2\n`)
  })

  it('deletes only the outputs that are named', async () => {
    const remove = vi.fn(async () => {})
    const { run, json } = createTestContext({ client: { remove } })

    expect(await run('rm', ID, '--output', 'a/b.txt', '--output', 'c', '--json')).toBe(0)

    expect(remove.mock.calls).toEqual([
      [ID, { output: 'a/b.txt' }],
      [ID, { output: 'c' }],
    ])
    expect(json()).toEqual({
      removed: [
        { id: ID, output: 'a/b.txt' },
        { id: ID, output: 'c' },
      ],
    })
  })

  it('goes on after one that still runs, and fails with 1', async () => {
    const remove = vi.fn(async (id: string) => {
      if (id === ID) throw new RGridError('not_finished', 'it is still running')
    })
    const { run, stderr } = createTestContext({ client: { remove } })

    expect(await run('rm', ID, 'exec_2')).toBe(1)

    expect(stderr()).toBe('rgrid: it is still running\nrgrid: deleted exec_2\n')
  })
})

describe('download', () => {
  it('saves below the directory and prints the paths', async () => {
    const saved = ['/nowhere/out/charts/a.svg']
    const download = vi.fn(async () => saved)
    const { run, stdout } = createTestContext({
      cwd: '/nowhere',
      client: { get: async () => record(), download },
    })

    expect(await run('download', ID, 'charts/*', '!*.tmp', '-o', 'out')).toBe(0)

    expect(download).toHaveBeenCalledWith(ID, '/nowhere/out', { only: ['charts/*', '!*.tmp'] })
    expect(stdout()).toBe('/nowhere/out/charts/a.svg\n')
  })

  it('fails with 1 when nothing matches, and says where the names are', async () => {
    const get = async () => record({ artifacts: [createArtifact('a.svg')] })
    const { run, stderr } = createTestContext({ client: { get, download: async () => [] } })

    expect(await run('download', ID, '*.png')).toBe(1)

    expect(stderr()).toContain(`none of the 1 files match: rgrid outputs ${ID}`)
  })

  it('prints what was saved before it failed', async () => {
    const failed = [{ path: 'b', reason: 'is a directory' }]
    const download = failing(new DownloadError(['/nowhere/a'], failed))
    const { run, stdout, stderr } = createTestContext({ client: { get: async () => record(), download } })

    expect(await run('download', ID)).toBe(125)

    expect(stdout()).toBe('/nowhere/a\n')
    expect(stderr()).toContain('1 of 2 files were not saved: "b": is a directory')
  })

  it('fails with 1 while the execution runs', async () => {
    const get = async () => record({ status: 'running' })
    const { run, stderr } = createTestContext({ client: { get } })

    expect(await run('download', ID)).toBe(1)

    expect(stderr()).toContain(`rgrid wait ${ID}`)
  })
})

describe('outputs', () => {
  const artifacts: RGridClient['artifacts'] = async (_id, { kind = 'output' } = {}) =>
    kind === 'output' ? [createArtifact('a\u001b[2J.svg')] : [{ ...createArtifact('in.csv'), kind }]

  it('lists what was written, with names that cannot steer a terminal', async () => {
    const { run, stdout } = createTestContext({ client: { get: async () => record(), artifacts } })

    expect(await run('outputs', ID)).toBe(0)

    expect(stdout()).toBe('SIZE  KIND    PATH\n3     output  a\\u{1b}[2J.svg\n')
  })

  it('lists what was given as well, as JSON', async () => {
    const { run, json } = createTestContext({ client: { get: async () => record(), artifacts } })

    expect(await run('outputs', ID, '--inputs', '--json')).toBe(0)

    expect(json()).toMatchObject({
      id: ID,
      artifacts: [{ path: 'in.csv', kind: 'input' }, { kind: 'output' }],
    })
  })

  it('says that the files of one that runs are still to come', async () => {
    const get = async () => record({ status: 'running' })
    const { run, stderr } = createTestContext({ client: { get, artifacts: async () => [] } })

    expect(await run('outputs', ID)).toBe(0)

    expect(stderr()).toContain('is still running')
  })
})

describe('init', () => {
  it('writes a first script and a configuration', async () => {
    const cwd = await createDirectory()
    const { run } = createTestContext({ cwd })

    expect(await run('init', 'project')).toBe(0)

    await access(join(cwd, 'project', 'hello.py'))
    await access(join(cwd, 'project', '.rgrid', 'config.toml'))
  })

  it('overwrites nothing', async () => {
    const cwd = await createDirectory()
    await createTestContext({ cwd }).run('init')
    const second = createTestContext({ cwd })

    expect(await second.run('init', '--json')).toBe(0)

    expect(second.json()).toMatchObject({ written: [], kept: ['hello.py', '.rgrid/config.toml'] })
  })

  it('keeps the key from stdin where only its owner can read it', async () => {
    const cwd = await createDirectory()
    const { run, stdout, stderr } = createTestContext({ cwd, env: { HOME: cwd }, stdin: 'sk_abc_def\n' })

    expect(await run('init', '--url', 'http://127.0.0.1:7433')).toBe(0)

    const credentials = join(cwd, '.rgrid', 'credentials')
    expect(await readFile(credentials, 'utf8')).toContain('sk_abc_def')
    expect((await stat(credentials)).mode & 0o777).toBe(0o600)
    expect(await readFile(join(cwd, '.rgrid', 'config.toml'), 'utf8')).toContain(
      'url = "http://127.0.0.1:7433"',
    )
    expect(stdout() + stderr()).not.toContain('sk_abc_def')
  })

  it.for([
    ['', 'http://s'],
    ['not a key', 'http://s'],
    ['sk_abc_def', 'ftp://s'],
    ['sk_abc_def', 'server'],
  ] as const)('refuses the key "%s" for %s and writes nothing', async ([stdin, url]) => {
    const cwd = await createDirectory()
    const { run } = createTestContext({ cwd, env: { HOME: cwd }, stdin })

    expect(await run('init', '--url', url)).toBe(2)

    await expect(access(join(cwd, 'hello.py'))).rejects.toThrow('ENOENT')
  })
})

describe('retry', () => {
  function setUp(error?: Error) {
    const script = {
      pieces: [createPiece('stdout', 'again\n')],
      result: { status: 'failed', exitCode: 3 },
    } as const
    const retry = vi.fn<RGridClient['retry']>(
      () => createFakeExecution(error === undefined ? script : { error }).execution,
    )
    return { ...createTestContext({ client: { retry } }), retry }
  }

  it('runs the execution again, and ends with the exit code of that', async () => {
    const { run, retry, stdout } = setUp()

    expect(await run('retry', 'exec_old')).toBe(3)

    expect(retry.mock.calls).toEqual([['exec_old']])
    expect(stdout()).toBe('again\n')
  })

  it('prints the new id and returns with -d', async () => {
    const { run, stdout } = setUp()

    expect(await run('retry', '-d', 'exec_old')).toBe(0)

    expect(stdout()).toBe(`${ID}\n`)
  })

  it('fails where the execution has not ended', async () => {
    const { run, stderr } = setUp(new RGridError('not_finished', 'exec_old has not ended'))

    expect(await run('retry', 'exec_old')).toBe(1)

    expect(stderr()).toBe('rgrid: exec_old has not ended\n')
  })
})

describe('the attempts of an execution', () => {
  const attempt = (number: number, changes: Partial<AttemptRecord> = {}): AttemptRecord => ({
    attempt: number,
    runner: { id: 'run_0', name: 'build-3' },
    executor: 'docker',
    memoryMib: null,
    claimedAt: '2026-01-02T03:04:05.000Z',
    startedAt: '2026-01-02T03:04:05.000Z',
    endedAt: '2026-01-02T03:04:06.000Z',
    outcome: 'failed',
    cause: 'exit',
    exitCode: 75,
    signal: null,
    message: null,
    usage: { wallMs: 100, cpuSeconds: null, peakMemoryBytes: null },
    costMicrons: 0,
    logs: { stdoutBytes: 0, stderrBytes: 0, droppedBytes: 0, cursor: `${number}.0` },
    ...changes,
  })
  const show = async (changes: Partial<ExecutionRecord>): Promise<string> => {
    const { run, stdout } = createTestContext({ client: { get: async () => record(changes) } })
    await run('status', ID)
    return stdout()
  }

  it('are shown with how each went, and what is tried again', async () => {
    const lost = {
      cause: 'runner_lost',
      outcome: 'lost',
      usage: null,
      message: 'no word',
      exitCode: null,
    } as const
    const memory = { cause: 'out_of_memory', memoryMib: 512, runner: { id: 'run_1', name: null } } as const
    const now = { outcome: null, cause: null, usage: null }

    const text = await show({
      priority: 5,
      retryOf: ID,
      retries: { exit: { codes: [75], times: 3 }, lost: 1, out_of_memory: { memoryMib: 'x2', times: 1 } },
      attempts: [attempt(1), attempt(2, lost), attempt(3, memory), attempt(4, now)],
    })

    expect(text).toContain('priority    5\n')
    expect(text).toContain('retries     exit:75=3 lost=1 oom=1\n')
    expect(text).toContain(`retry of    ${ID}\n`)
    expect(text).toContain('attempt 1   exit code 75 after 100 ms, on build-3\n')
    expect(text).toContain('attempt 2   runner lost, on build-3, no word\n')
    expect(text).toContain('attempt 3   out of memory after 100 ms, 512 MiB memory, on run_1\n')
    expect(text).toContain('attempt 4   under way, on build-3\n')
  })

  it('are not shown where there is one, as the rest is about that', async () => {
    expect(await show({ attempts: [attempt(1)] })).not.toMatch(/attempt|priority|retr/)
  })
})
