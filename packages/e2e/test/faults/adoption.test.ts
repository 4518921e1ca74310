import { LIMITS } from '@rgrid/protocol'
import type { Execution, LogPiece, Result } from '@rgrid/sdk'
import { startRunner } from '@rgrid/embedded'
import { mkdirSync, readdirSync, readFileSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { setTimeout as sleep } from 'node:timers/promises'
import { afterEach, beforeEach, describe, expect, test, vi } from 'vitest'
import { hasDocker } from '../support/requirements.js'
import type { RunnerProcess } from './support/runner-process.js'
import { TEST_IMAGES } from './support/test-images.js'
import { openWorld, type World } from './support/world.js'

// Says that it has begun, prints numbered lines for a while, and ends with a file and an exit code of its own.
const COUNTER = `
import os, socket, sys, time
host, port, count = sys.argv[1], int(sys.argv[2]), int(sys.argv[3])
with socket.create_connection((host, port), 20) as connection:
    connection.sendall(f"begin {os.environ['RGRID_EXECUTION_ID']}\\n".encode())
    connection.recv(1)
for number in range(count):
    print(number, flush=True)
    time.sleep(0.05)
open('result.txt', 'w').write('made by ' + sys.argv[4])
sys.exit(7)
`
const COUNTER_SHELL = `
i=0
while [ $i -lt "$1" ]; do echo $i; i=$((i + 1)); sleep 0.05; done
echo "$SECRET" >result.txt
kill -TERM $$
`
const CLEAN = { timeout: 20_000, interval: 100 }

describe.runIf(await hasDocker())('a script whose runner is killed', () => {
  let world: World
  let first: RunnerProcess
  let cwd: string

  beforeEach(async () => {
    world = await openWorld({ leaseMs: 15_000, leaseMarginMs: 2_000 })
    cwd = join(world.directory, 'project')
    mkdirSync(cwd)
    writeFileSync(join(cwd, 'counter.py'), COUNTER)
    writeFileSync(join(cwd, 'counter.sh'), COUNTER_SHELL)
    first = await world.startRunner()
    await first.claims
  })
  afterEach(() => world.close())

  const start = (count: number, options: object = {}): Execution =>
    world.client.run('counter.py', {
      cwd,
      args: [world.canary.host, String(world.canary.port), String(count), 'itself'],
      network: 'bridge',
      memoryMib: 128,
      ...options,
    })
  const begun = ({ id }: Execution): Promise<void> =>
    expect.poll(() => world.canary.countStarts(id), { timeout: 20_000, interval: 20 }).toBe(1)
  const startNext = async (): Promise<RunnerProcess> => {
    const next = await world.startRunner()
    await next.claims
    return next
  }
  const readPieces = async (execution: Execution): Promise<LogPiece[]> => {
    const pieces: LogPiece[] = []
    for await (const piece of execution.logs()) pieces.push(piece)
    return pieces
  }
  const expectClean = (runner: RunnerProcess): Promise<void> =>
    vi.waitFor(async () => expect(await world.findLeft(runner)).toEqual([]), CLEAN)

  test('goes on, with all that it prints but what the killed runner had not told', async () => {
    const execution = start(60)
    await begun(execution)
    await expect.poll(() => world.steps.hasSeen(execution.id, 'logs'), CLEAN).toBe(true)
    const next = await replace(first)

    const [result, pieces] = await Promise.all([execution, readPieces(execution)])

    expect(summarize(result)).toEqual(['failed', 'exit', 7, 1])
    expect(world.canary.countStarts(execution.id)).toBe(1)
    expect(await readArtifacts(result)).toEqual({ 'result.txt': 'made by itself' })
    expect([result.stdoutTruncated, result.stderrTruncated]).toEqual([true, true])
    expect(splitAtGap(pieces)).toEqual(expectedAround(pieces, 60))
    await expectClean(next)
  })

  test('is heard to the end when it has ended meanwhile, with what it printed then', async () => {
    const execution = start(10)
    await begun(execution)
    world.listInstances()
    await first.kill()
    await sleep(2_000)

    const next = await startNext()
    const [result, pieces] = await Promise.all([execution, readPieces(execution)])

    expect(summarize(result)).toEqual(['failed', 'exit', 7, 1])
    expect(await readArtifacts(result)).toEqual({ 'result.txt': 'made by itself' })
    expect(splitAtGap(pieces)).toEqual(expectedAround(pieces, 10))
    await expectClean(next)
  })

  test('goes on without an interpreter that waited, and dies as it does at home', async () => {
    const env = { SECRET: 'a-secret-of-a-script' }
    const execution = world.client.run('counter.sh', { cwd, args: ['40'], env, memoryMib: 128 })
    await expect.poll(() => world.steps.hasSeen(execution.id, 'logs'), CLEAN).toBe(true)
    const notes = readNotes()
    const next = await replace(first)

    const result = await execution

    expect(summarize(result)).toEqual(['failed', 'signal', 143, 1])
    expect(await readArtifacts(result)).toEqual({ 'result.txt': `${env.SECRET}\n` })
    expect(notes).toContain(execution.id)
    expect(notes).not.toContain(env.SECRET)
    await expectClean(next)
  })

  test('ends when it is cancelled, by a runner that did not start it', async () => {
    const execution = start(1_000)
    await begun(execution)
    await replace(first)
    await expect.poll(() => world.steps.hasSeen(execution.id, 'adopted'), CLEAN).toBe(true)

    await execution.cancel()
    const result = await execution

    expect(result.status).toBe('cancelled')
    expect(result.usage?.wallMs).toBeGreaterThan(500)
  })

  test('has no more time than it had before', async () => {
    const timeoutMs = 10_000
    const execution = start(1_000, { timeoutMs })
    await begun(execution)
    await sleep(2_000)
    await replace(first)

    const { status, usage } = await execution

    expect(status).toBe('timed_out')
    expect(usage?.wallMs).toBeGreaterThan(timeoutMs - 100)
    // When its container would end it by itself.
    expect(usage?.wallMs).toBeLessThan(timeoutMs + LIMITS.killGraceMs)
  })

  test('goes on after every of several kills, with one of several runners', async () => {
    const execution = start(120)
    await begun(execution)
    const second = await replace(first)
    await expect.poll(() => world.steps.hasSeen(execution.id, 'adopted'), CLEAN).toBe(true)
    world.listInstances()
    await second.kill()

    const both = await Promise.all([startNext(), startNext()])
    const result = await execution

    expect(summarize(result)).toEqual(['failed', 'exit', 7, 1])
    expect(world.steps.count(execution.id, 'adopted')).toBe(2)
    expect(world.canary.countStarts(execution.id)).toBe(1)
    await both[1].stop()
    await expectClean(both[0])
  })

  test('goes on with a runner beside it that lives', async () => {
    vi.useFakeTimers({ toFake: ['setInterval', 'clearInterval'] })
    vi.stubEnv('RGRID_IMAGES', TEST_IMAGES)
    const { server, directory } = world
    const dataDirectory = join(directory, 'data')
    const execution = start(60)
    await begun(execution)
    const living = await startRunner({ url: server.url, apiKey: server.keys.runner, dataDirectory })
    try {
      world.listInstances()
      await first.kill()
      vi.advanceTimersByTime(60_000)

      expect(summarize(await execution)).toEqual(['failed', 'exit', 7, 1])
    } finally {
      await living.close()
      vi.useRealTimers()
      vi.unstubAllEnvs()
    }
  })

  test('is lost when no runner comes before its lease is over, and ends then', async () => {
    const short = await openWorld({ leaseMs: 2_000, leaseMarginMs: 100 })
    try {
      const runner = await short.startRunner()
      await runner.claims
      const { host, port, countStarts } = short.canary
      const args = [host, String(port), '1000', 'itself']
      const execution = short.client.run('counter.py', { cwd, args, network: 'bridge', memoryMib: 128 })
      await expect.poll(() => countStarts(execution.id), CLEAN).toBe(1)
      short.listInstances()
      await runner.kill()

      const { status, cause } = await execution
      const next = await short.startRunner()
      await next.claims

      expect([status, cause]).toEqual(['lost', 'runner_lost'])
      await vi.waitFor(async () => expect(await short.findLeft(next)).toEqual([]), CLEAN)
    } finally {
      await short.close()
    }
  })

  /** Kills a runner and starts the next. */
  async function replace(runner: RunnerProcess): Promise<RunnerProcess> {
    world.listInstances()
    await runner.kill()
    return startNext()
  }

  /** All that the runners have noted of scripts, in all of their directories. */
  function readNotes(): string {
    const runners = join(world.directory, 'data', 'runners')
    const paths = readdirSync(runners, { recursive: true, encoding: 'utf8' })
    const notes = paths.filter((path) => path.endsWith('note.json'))
    return notes.map((path) => readFileSync(join(runners, path), 'utf8')).join('\n')
  }
})

/** The numbers on stdout before and behind the mark that some may be missing. */
function splitAtGap(pieces: readonly LogPiece[]): string[][] {
  const stdout = pieces.filter(({ stream }) => stream === 'stdout')
  const gap = stdout.findIndex(({ gapBytes }) => gapBytes === null)
  const toLines = (some: readonly LogPiece[]): string[] => {
    const lines = some
      .map(({ text }) => text)
      .join('')
      .split('\n')
    return lines.slice(0, -1)
  }
  return [toLines(stdout.slice(0, gap)), toLines(stdout.slice(gap))]
}

/** What they have to be, given where both begin: whole lines, each once, in order, and all to the end. */
function expectedAround(pieces: readonly LogPiece[], count: number): string[][] {
  const [before = [], behind = []] = splitAtGap(pieces)
  const from = behind.length === 0 ? count : Number(behind[0])
  const numbers = Array.from({ length: count }, (_, number) => String(number))
  return [numbers.slice(0, Math.min(before.length, from)), numbers.slice(from)]
}

const summarize = ({ status, cause, exitCode, record }: Result): unknown[] => [
  status,
  cause,
  exitCode,
  record.attempt,
]

async function readArtifacts({ artifacts }: Result): Promise<Record<string, string>> {
  const texts = new Map<string, string>()
  for (const artifact of artifacts) texts.set(artifact.path, await artifact.text())
  return Object.fromEntries(texts)
}
