import { spawn } from 'node:child_process'
import { closeSync, constants, existsSync, mkdtempSync, openSync, readSync, rmSync, statSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import type { Readable } from 'node:stream'
import { setTimeout as sleep } from 'node:timers/promises'
import { expect, onTestFinished, test } from 'vitest'
import { hangUp, makeFifos, openFifo, writeFifo } from '../../../src/executors/docker/waiting/open-fifo.js'

async function createFifo(): Promise<string> {
  const folder = mkdtempSync(join(tmpdir(), 'rgrid-fifo-'))
  onTestFinished(() => rmSync(folder, { recursive: true }))
  const path = join(folder, 'fifo')
  await makeFifos([path])
  return path
}

function open(path: string) {
  const stream: Readable = openFifo(path)
  onTestFinished(() => void stream.destroy())
  const seen = { bytes: Buffer.alloc(0), hasEnded: false }
  stream.on('data', (chunk: Buffer) => (seen.bytes = Buffer.concat([seen.bytes, chunk])))
  stream.once('end', () => (seen.hasEnded = true))
  return { stream, seen, isEnded: () => expect.poll(() => seen.hasEnded, { timeout: 5_000 }).toBe(true) }
}

const runShell = (script: string, path: string): Promise<unknown> =>
  new Promise((resolve) => spawn('sh', ['-c', script, 'sh', path]).once('close', resolve))

test('only its owner may use a FIFO', async () => {
  const stats = statSync(await createFifo())

  expect([stats.isFIFO(), stats.mode & 0o777]).toEqual([true, 0o600])
})

test('waits for a writer, and ends with the last', async () => {
  const path = await createFifo()
  const { seen, isEnded } = open(path)
  await sleep(100)
  const before = seen.hasEnded
  await runShell('exec 3>"$1"; echo first >&3; (sleep 0.2; echo later >&3) & exec 3>&-; wait', path)
  await isEnded()

  expect([before, seen.bytes.toString()]).toEqual([false, 'first\nlater\n'])
})

test('ends on demand where the last writer had gone before it was opened', async () => {
  const path = await createFifo()
  const { isEnded, seen } = open(path)
  hangUp(path)
  await isEnded()

  expect(seen.bytes).toHaveLength(0)
})

test('passes on every byte', async () => {
  const path = await createFifo()
  const { seen, isEnded } = open(path)
  await runShell('head -c 3000000 /dev/zero | tr "\\\\0" "\\\\377" >"$1"; printf "\\\\0" >"$1"', path)
  await isEnded()

  expect(seen.bytes.length).toBeGreaterThanOrEqual(3_000_000)
  expect(seen.bytes.subarray(0, 1_000).every((byte) => byte === 0xff)).toBe(true)
})

test('says that nobody reads, and never waits for one', async () => {
  const path = await createFifo()

  expect([writeFifo(path, 'run'), writeFifo(`${path}-gone`, 'run')]).toEqual([false, false])
  expect(() => hangUp(`${path}-gone`)).not.toThrow()
  expect(existsSync(`${path}-gone`)).toBe(false)
})

test('writes a line for who reads, as one', async () => {
  const path = await createFifo()
  const fd = openSync(path, constants.O_RDONLY | constants.O_NONBLOCK)
  onTestFinished(() => closeSync(fd))
  const wasRead = [writeFifo(path, 'run'), writeFifo(path, 'signal TERM')]
  const buffer = Buffer.alloc(100)

  expect(wasRead).toEqual([true, true])
  expect(buffer.toString('utf8', 0, readSync(fd, buffer))).toBe('run\nsignal TERM\n')
})

test('says that a full one takes no more', async () => {
  const path = await createFifo()
  const fd = openSync(path, constants.O_RDONLY | constants.O_NONBLOCK)
  onTestFinished(() => closeSync(fd))
  let lines = 0
  while (lines < 100_000 && writeFifo(path, 'x'.repeat(1_000))) lines++

  expect(lines).toBeGreaterThan(0)
  expect(lines).toBeLessThan(100_000)
})
