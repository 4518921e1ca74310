import { execFileSync, spawn } from 'node:child_process'
import { once } from 'node:events'
import { linkSync, mkdirSync, mkdtempSync, rmSync, symlinkSync, truncateSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { Readable } from 'node:stream'
import { setTimeout as sleep } from 'node:timers/promises'
import { describe, expect, onTestFinished, test } from 'vitest'
import { measureDisk } from '../../../src/executors/docker/measure-disk.js'
import { limitDisk } from '../../../src/executors/docker/watch-disk.js'
import type { Exit, Running } from '../../../src/executors/executor.js'

const MIB = 1024 * 1024
const KIB = 1024

function createFolder(): string {
  const root = mkdtempSync(join(tmpdir(), 'rgrid-disk-'))
  onTestFinished(() => void execFileSync('rm', ['-rf', root]))
  return root
}

const measure = (directory: string, rest: Partial<Parameters<typeof measureDisk>[0]> = {}): Promise<number> =>
  measureDisk({ directory, pids: [], signal: new AbortController().signal, enoughBytes: Infinity, ...rest })

describe('the disk that a script takes', () => {
  test('is that of its files, by what they hold and not by what they say', async () => {
    const folder = createFolder()
    writeFileSync(join(folder, 'full'), Buffer.alloc(MIB, 'x'))
    writeFileSync(join(folder, 'sparse'), '')
    truncateSync(join(folder, 'sparse'), 1024 * MIB)

    const bytes = await measure(folder)

    expect(bytes).toBeGreaterThanOrEqual(MIB)
    expect(bytes).toBeLessThan(2 * MIB)
  })

  test('is more than nothing for what is empty', async () => {
    const folder = createFolder()
    for (let number = 0; number < 100; number++) writeFileSync(join(folder, `file${number}`), '')
    for (let number = 0; number < 100; number++) mkdirSync(join(folder, `folder${number}`))
    for (let number = 0; number < 100; number++) symlinkSync('nowhere', join(folder, `link${number}`))

    expect(await measure(folder)).toBeGreaterThanOrEqual(300 * 4 * KIB)
  })

  test('is not that of what links lead to', async () => {
    const [folder, other] = [createFolder(), createFolder()]
    writeFileSync(join(other, 'full'), Buffer.alloc(MIB, 'x'))
    symlinkSync(other, join(folder, 'folder'))
    symlinkSync(join(other, 'full'), join(folder, 'file'))

    expect(await measure(folder)).toBeLessThan(64 * KIB)
  })

  test('is also below a path that is longer than a path may be', async () => {
    const folder = createFolder()
    const script =
      'for i in $(seq 40); do mkdir $N && cd -P $N || exit; done; head -c 3000000 /dev/zero >file'
    execFileSync('sh', ['-c', script], { cwd: folder, env: { ...process.env, N: 'd'.repeat(200) } })

    expect(await measure(folder)).toBeGreaterThanOrEqual(3_000_000)
  })

  test('is also that of files that are open and have no name any more', async () => {
    const folder = createFolder()
    const script = 'exec 3>file; rm file; head -c 3000000 /dev/zero >&3; echo written; sleep 60'
    const child = spawn('sh', ['-c', script], { cwd: folder, detached: true })
    onTestFinished(() => void process.kill(-(child.pid ?? 0), 'SIGKILL'))
    await once(child.stdout, 'data')

    expect(await measure(folder)).toBe(0)
    expect(await measure(folder, { pids: [child.pid ?? 0, 2 ** 22 + 1] })).toBeGreaterThanOrEqual(3_000_000)
  })

  test('is counted no further than is needed', async () => {
    const folder = createFolder()
    for (let number = 0; number < 500; number++) writeFileSync(join(folder, `file${number}`), 'x')

    expect(await measure(folder, { enoughBytes: 40 * KIB })).toBeLessThan(60 * KIB)
  })
})

const EXIT: Exit = {
  cause: 'signal',
  exitCode: 137,
  signal: 'SIGKILL',
  message: null,
  usage: { wallMs: 1, cpuSeconds: null, peakMemoryBytes: null },
}

/** A script that runs until it is killed. */
function createRunning(): Running & { readonly signals: string[]; end(exit: Exit): void } {
  const signals: string[] = []
  let end: (exit: Exit) => void = () => undefined
  const exit = new Promise<Exit>((resolve) => (end = resolve))
  return {
    stdout: Readable.from([]),
    stderr: Readable.from([]),
    exit,
    signals,
    end: (value) => end(value),
    async signal(name) {
      signals.push(name)
      end(EXIT)
    },
  }
}

describe('the limit', () => {
  const limit = (running: Running, directory: string, inputBytes = 0): Running =>
    limitDisk(running, { directory, limitMib: 1, inputBytes, listProcesses: () => undefined })

  test('kills a script that is over it, and says so', async () => {
    const folder = createFolder()
    writeFileSync(join(folder, 'full'), Buffer.alloc(2 * MIB, 'x'))
    const running = createRunning()

    const { cause, message } = await limit(running, folder).exit

    expect(running.signals).toEqual(['SIGKILL'])
    expect([cause, message]).toEqual([
      'output_limit',
      'the script wrote more than 1 MiB to its working directory',
    ])
  })

  test('leaves a script alone that was given much', async () => {
    const folder = createFolder()
    writeFileSync(join(folder, 'input'), Buffer.alloc(2 * MIB, 'x'))
    linkSync(join(folder, 'input'), join(folder, 'again'))
    rmSync(join(folder, 'again'))
    const running = createRunning()
    const limited = limit(running, folder, 2 * MIB)
    await sleep(800)
    running.end({ ...EXIT, cause: 'exit', exitCode: 0, signal: null })

    expect(await limited.exit).toMatchObject({ cause: 'exit', exitCode: 0 })
    expect(running.signals).toEqual([])
  })

  test('does not take a kill for its own', async () => {
    const running = createRunning()
    const limited = limit(running, createFolder())
    running.end(EXIT)

    expect(await limited.exit).toEqual(EXIT)
  })
})
