import { RGridError } from '@rgrid/protocol'
import { describe, expect, it, onTestFinished, vi } from 'vitest'
import type { Result } from '../../src/types.js'
import { createDirectory } from '../temporary-directory.js'
import { createTestContext, type Surroundings } from './support/create-test-context.js'
import {
  createArtifact,
  createFakeExecution,
  createPiece,
  createRecord,
  ID,
  type Script,
} from './support/fake-execution.js'

function setUp(script: Script = {}, surroundings: Surroundings = {}) {
  const { execution, cancels } = createFakeExecution(script)
  const client = { run: () => execution, ...surroundings.client }
  return { ...createTestContext({ ...surroundings, client }), cancels }
}

const saves = (...names: string[]): Partial<Result> => ({
  artifacts: names.map(createArtifact),
  download: async (directory) => names.map((name) => `${directory}/${name}`),
})

describe('the output of run', () => {
  it('is the exact bytes of the script, each stream on its own', async () => {
    const odd = Uint8Array.of(0xff, 0x00, 0x0a, 0x1b)
    const pieces = [createPiece('stdout', 'out\n'), createPiece('stderr', 'err'), createPiece('stdout', odd)]
    const { run, stdoutBytes, stderr } = setUp({ pieces })

    expect(await run('run', 'a.py')).toBe(0)

    expect(stdoutBytes()).toEqual(Buffer.concat([Buffer.from('out\n'), odd]))
    expect(stderr()).toBe('err')
  })

  it('says on stderr where a very long log has a gap', async () => {
    const { run, stdout, stderr } = setUp({ pieces: [createPiece('stdout', 'tail', 4096)] })

    await run('run', 'a.py')

    expect(stdout()).toBe('tail')
    expect(stderr()).toMatch(/^rgrid: 4096 bytes .*\n$/)
  })

  it('frees the client at the end', async () => {
    const { run, closed, listeners } = setUp()

    await run('run', 'a.py')

    expect(closed()).toBe(1)
    expect(listeners()).toBe(0)
  })
})

describe('the files of run', () => {
  it('are saved into the current directory and named on stderr', async () => {
    const { run, stdout, stderr } = setUp({ result: saves('a.json', 'charts/b.svg') }, { cwd: '/home/me' })

    expect(await run('run', 'a.py')).toBe(0)

    expect(stdout()).toBe('')
    expect(stderr()).toBe('rgrid: completed after 1.2 s, saved a.json charts/b.svg\n')
  })

  it('stay where they are with --remote-only', async () => {
    const download = vi.fn(async () => [])
    const { run, stderr } = setUp({ result: { ...saves('a.json'), download } }, { tty: true })

    await run('run', '--remote-only', 'a.py')

    expect(download).not.toHaveBeenCalled()
    expect(stderr()).toContain(`1 file to fetch with rgrid download ${ID}`)
  })

  it('that cannot be saved make a success a failure of RGrid', async () => {
    const download = () => Promise.reject(new Error('ENOSPC: no space left on device'))
    const { run, stderr } = setUp({ result: { ...saves('a.json'), download } })

    expect(await run('run', 'a.py')).toBe(125)

    expect(stderr()).toContain(`rgrid download ${ID} tries again`)
  })

  it('that were left behind are named', async () => {
    const { run, stderr } = setUp({ result: { skipped: [{ path: 'link', reason: 'a symbolic link' }] } })

    await run('run', 'a.py')

    expect(stderr()).toContain('left behind link (a symbolic link)')
  })
})

describe('the receipt of run', () => {
  it('is not written away from a terminal when nothing is new', async () => {
    const ended = setUp({ result: { status: 'failed', exitCode: 3 } })

    expect(await ended.run('run', 'a.py')).toBe(3)

    expect(ended.stderr()).toBe('')
  })

  it('is written on a terminal, below an unfinished line', async () => {
    const { run, stderr } = setUp(
      { pieces: [createPiece('stdout', 'no newline')] },
      { tty: true, env: { NO_COLOR: '1' } },
    )

    await run('run', 'a.py')

    expect(stderr()).toBe('\nrgrid: completed after 1.2 s\n')
  })

  it('has the cost where there is one', async () => {
    const { run, stderr } = setUp({ result: { costMicrons: 417 } }, { tty: true })

    await run('run', 'a.py')

    expect(stderr()).toContain('cost 0.000417')
  })

  it('says which execution stood in for it, also away from a terminal', async () => {
    const result = { cached: true, cache: { hit: true, executionId: ID }, usage: null } as const
    const { run, stderr } = setUp({ result })

    await run('run', '--cache', 'a.py')

    expect(stderr()).toBe(`rgrid: completed, from the cache (${ID})\n`)
  })

  it('says why none did', async () => {
    const { run, stderr } = setUp({
      result: { cache: { hit: false, missReason: 'input data.csv changed' } },
    })

    await run('run', '--cache', 'a.py')

    expect(stderr()).toBe('rgrid: completed after 1.2 s, not cached: input data.csv changed\n')
  })

  it('says what it ran in, and with what', async () => {
    const phases = {
      container: 'cold',
      dependenciesMs: 1,
      placeMs: 2,
      inputsMs: 3,
      launchMs: 4,
      firstOutputMs: null,
      scriptMs: 100,
      outputsMs: 100,
    } as const
    const record = createRecord({ phases, resources: { cpus: 2 } })
    const { run, stderr } = setUp({ result: { record } }, { tty: true, env: { NO_COLOR: '1' } })

    await run('run', 'a.py')

    expect(stderr()).toContain('started in 10 ms in a cold container, with 2 CPUs')
  })

  it('says when a script ran here without isolation', async () => {
    const record = createRecord({ executor: 'process' })
    const { run, stderr } = setUp(
      { result: { record } },
      { tty: true, client: { target: async () => 'embedded' } },
    )

    await run('run', 'a.py')

    expect(stderr()).toContain('on this machine, without isolation')
  })

  it('is left out with --quiet', async () => {
    const { run, stderr } = setUp({ result: saves('a.json') }, { tty: true })

    await run('run', '--quiet', 'a.py')

    expect(stderr()).toBe('')
  })

  it('cannot steer the terminal through the name of a file', async () => {
    const { run, stderr } = setUp({ result: saves('a\x1b]0;owned\x07') })

    await run('run', 'a.py')

    expect(stderr()).toContain('a\\u{1b}]0;owned\\u{7}')
  })
})

describe('run --json', () => {
  it('prints log, status and result as JSON lines', async () => {
    const { run, jsonLines, stderr } = setUp(
      { statuses: ['running'], pieces: [createPiece('stdout', 'hi\n')], result: saves('a.json') },
      { cwd: '/home/me' },
    )

    expect(await run('run', '--json', 'a.py')).toBe(0)

    expect(jsonLines()).toEqual([
      { type: 'status', status: 'running', message: null, attempt: 1 },
      { type: 'log', stream: 'stdout', attempt: 1, at: '1970-01-01T00:00:00.000Z', text: 'hi\n' },
      expect.objectContaining({
        type: 'result',
        id: ID,
        status: 'completed',
        exitCode: 0,
        saved: ['/home/me/a.json'],
      }),
    ])
    expect(stderr()).toBe('')
  })

  it('has the exact bytes in base64 where they are no text', async () => {
    const { run, jsonLines } = setUp({ pieces: [createPiece('stdout', Uint8Array.of(0xff))] })

    await run('run', '--json', 'a.py')

    expect(jsonLines()[0]).toMatchObject({ type: 'log', base64: '/w==' })
  })
})

describe('run says', () => {
  it.for([
    ['run', ['a.py']],
    ['attach', [ID]],
    ['logs', ['-f', ID]],
    ['wait', [ID]],
  ] as const)('as every command, that the server does not answer: %s', async ([command, args]) => {
    const { execution } = createFakeExecution({ endless: true })
    const client = { run: () => execution, attach: () => execution, logs: () => execution.logs() }
    const { run, listeners, signal, awayFor, stderr, stdout } = createTestContext({ client })

    const code = run(command, ...args)
    await vi.waitFor(() => expect(listeners()).toBe(1))
    awayFor()
    signal('SIGINT')
    await code

    expect(stderr()).toContain('rgrid: the server does not answer, still trying…\n')
    expect(stdout()).toBe('')
  })

  it('that a folder from outside stays here', async () => {
    const outside = await createDirectory({ 'in/x': '' })
    const cwd = await createDirectory({ 'in/x': '', 'file.txt': '' })
    const args = [outside, `${outside}/in/x`, 'in', '.', '..', 'no/such', '--flag']
    const loud = setUp({}, { cwd })
    const quiet = setUp({}, { cwd })
    const asText = setUp({}, { cwd })

    await loud.run('run', 'a.py', ...args)
    await quiet.run('run', '-q', 'a.py', ...args)
    await asText.run('run', '--no-upload', 'a.py', ...args)

    expect(loud.stderr().trimEnd().split('\n')).toEqual([
      expect.stringContaining(`rgrid: ${outside} is a folder outside the current directory`),
      expect.stringContaining('rgrid: .. is a folder outside the current directory'),
    ])
    expect([quiet.stderr(), asText.stderr()]).toEqual(['', ''])
  })
})

describe('run says of files', () => {
  const staying = Array.from({ length: 7 }, (_, at) => ({
    path: `link${at}`,
    reason: 'is a link to what does not travel',
  }))
  const progress = { filesDone: 1, filesTotal: 2, bytesDone: 0, bytesTotal: 3, staying } as const
  const uploads = [{ phase: 'hashing', ...progress } as const, { phase: 'uploading', ...progress } as const]

  it('once what is not taken along, and why', async () => {
    const loud = setUp({ uploads })
    const quiet = setUp({ uploads })

    await loud.run('run', 'a.py')
    await quiet.run('run', '-q', 'a.py')

    expect(loud.stderr()).toMatch(
      /^rgrid: not taken along: link0 is a link to what does not travel, link1 .*, and 2 more\n$/,
    )
    expect(quiet.stderr()).toBe('')
  })
})

describe('run -d', () => {
  it('prints the id and nothing else', async () => {
    const { run, stdout, stderr } = setUp({ endless: true }, { tty: true })

    expect(await run('run', '-d', 'a.py')).toBe(0)

    expect(stdout()).toBe(`${ID}\n`)
    expect(stderr()).toBe('')
  })

  it('prints the id as JSON with --json', async () => {
    const { run, json } = setUp({ endless: true })

    await run('run', '-d', '--json', 'a.py')

    expect(json()).toEqual({ id: ID })
  })

  it('is refused in embedded mode with the way out', async () => {
    const { run, stderr } = setUp({}, { client: { target: async () => 'embedded' } })

    expect(await run('run', '-d', 'a.py')).toBe(2)

    expect(stderr()).toMatch(/^rgrid: .*rgrid up.*\n$/)
  })

  it('fails when the server does not accept it', async () => {
    const { run, stdout } = setUp({ error: new RGridError('queue_full', 'the queue is full') })

    expect(await run('run', '-d', 'a.py')).toBe(125)

    expect(stdout()).toBe('')
  })
})

describe('an interrupt of run', () => {
  it('cancels at the first signal and exits with 130', async () => {
    const { run, signal, listeners, cancels, left, stderr } = setUp({
      endless: true,
      pieces: [createPiece('stdout', '1\n')],
    })

    const code = run('run', 'a.py')
    await vi.waitFor(() => expect(listeners()).toBe(1))
    signal('SIGINT')

    expect(await code).toBe(130)
    expect(cancels).toHaveLength(1)
    expect(left).toEqual([])
    expect(stderr()).toContain('rgrid: cancelling…')
  })

  it('leaves by itself when the cancel does not reach the server, and says what may go on', async () => {
    vi.useFakeTimers()
    onTestFinished(() => void vi.useRealTimers())
    const { execution } = createFakeExecution({ endless: true })
    const cancel = vi.fn(() => Promise.reject(new RGridError('unreachable', 'no answer')))
    const { run, signal, listeners, left, stderr } = createTestContext({
      client: { run: () => Object.assign(execution, { cancel }) },
    })

    const code = run('run', 'a.py')
    await vi.waitFor(() => expect(listeners()).toBe(1))
    signal('SIGINT')
    await vi.advanceTimersByTimeAsync(2_900)
    expect(stderr()).not.toContain('may go on')
    await vi.advanceTimersByTimeAsync(200)

    expect(await code).toBe(130)
    expect(stderr()).toContain(`the execution may go on (rgrid cancel ${ID} ends it)`)
    expect(cancel.mock.calls.length).toBeGreaterThan(5)
    expect(left).toEqual([])
  })

  it('goes on watching when the server refuses the cancel', async () => {
    const { execution } = createFakeExecution({ endless: true })
    const cancel = vi
      .fn<() => Promise<void>>()
      .mockRejectedValueOnce(new RGridError('forbidden', 'this key may not cancel'))
    const { run, signal, listeners, stderr } = createTestContext({
      client: { run: () => Object.assign(execution, { cancel }) },
    })

    const ended = vi.fn()
    void run('run', 'a.py').then(ended)
    await vi.waitFor(() => expect(listeners()).toBe(1))
    signal('SIGINT')

    await vi.waitFor(() => expect(stderr()).toContain('rgrid: cannot cancel: this key may not cancel\n'))
    expect(cancel).toHaveBeenCalledOnce()
    expect(ended).not.toHaveBeenCalled()
  })

  it('leaves at once at the second', async () => {
    const { execution } = createFakeExecution({ endless: true })
    const stubborn = Object.assign(execution, { cancel: () => new Promise<void>(() => {}) })
    const { run, signal, left, listeners } = createTestContext({ client: { run: () => stubborn } })

    void run('run', 'a.py')
    await vi.waitFor(() => expect(listeners()).toBe(1))
    signal('SIGINT')
    await new Promise((resolve) => setTimeout(resolve, 250))
    signal('SIGINT')

    expect(left).toEqual([130])
  })

  it('counts once when npx forwards the same key press', async () => {
    const { execution } = createFakeExecution({ endless: true })
    const stubborn = Object.assign(execution, { cancel: () => new Promise<void>(() => {}) })
    const { run, signal, left, listeners } = createTestContext({ client: { run: () => stubborn } })

    void run('run', 'a.py')
    await vi.waitFor(() => expect(listeners()).toBe(1))
    signal('SIGINT')
    signal('SIGINT')

    expect(left).toEqual([])
  })
})

describe('output that nobody takes', () => {
  const failure = (code: string) => Object.assign(new Error(`write ${code}`), { code })

  it('cancels the execution and exits quietly with 141 when the pipe is closed', async () => {
    const { run, cancels, stderr } = setUp(
      { endless: true, pieces: [createPiece('stdout', 'x')] },
      { stdoutError: failure('EPIPE') },
    )

    expect(await run('run', 'a.py')).toBe(141)

    expect(cancels).toHaveLength(1)
    expect(stderr()).toBe('')
  })

  it('cancels the execution and exits with 1 when the disk is full', async () => {
    const { run, cancels, stderr } = setUp(
      { endless: true, pieces: [createPiece('stdout', 'x')] },
      { stdoutError: failure('ENOSPC') },
    )

    expect(await run('run', 'a.py')).toBe(1)

    expect(cancels).toHaveLength(1)
    expect(stderr()).toMatch(/^rgrid: cannot write the output \(write ENOSPC\).*\n$/)
  })
})
