import { closeSync, constants, mkdtempSync, openSync, rmSync, writeSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { setTimeout as sleep } from 'node:timers/promises'
import { expect, onTestFinished, test } from 'vitest'
import { createEndMark, openFifoOutput } from '../../../src/executors/docker/waiting/fifo-output.js'
import { makeFifos } from '../../../src/executors/docker/waiting/open-fifo.js'

const PIPE_BYTES = 65_536

/** A FIFO that somebody holds open, as the shell of a container does, and its output. */
async function open() {
  const folder = mkdtempSync(join(tmpdir(), 'rgrid-output-'))
  const path = join(folder, 'fifo')
  await makeFifos([path])
  const holder = openSync(path, constants.O_RDWR | constants.O_NONBLOCK)
  let isHeld = true
  const letGo = (): void => {
    if (isHeld) closeSync(holder)
    isHeld = false
  }
  const mark = createEndMark()
  const output = openFifoOutput(path, mark)
  onTestFinished(() => {
    letGo()
    output.destroy()
    rmSync(folder, { recursive: true })
  })
  const seen = { bytes: Buffer.alloc(0), hasEnded: false }
  output.stream.once('end', () => (seen.hasEnded = true))
  const read = (): void =>
    void output.stream.on('data', (chunk: Buffer) => (seen.bytes = Buffer.concat([seen.bytes, chunk])))
  const isEnded = (): Promise<void> => expect.poll(() => seen.hasEnded, { timeout: 5_000 }).toBe(true)
  return {
    output,
    mark,
    seen,
    read,
    isEnded,
    letGo,
    write: (text: string | Buffer) => writeSync(holder, text.toString('latin1'), null, 'latin1'),
  }
}

test('ends where it is told to, though the FIFO is held open', async () => {
  const { output, seen, read, isEnded, write } = await open()
  read()
  write('before ')
  await sleep(50)
  const early = seen.hasEnded
  write('the end')
  output.end()
  await isEnded()

  expect([early, seen.bytes.toString()]).toEqual([false, 'before the end'])
})

test('ends where nobody has ever written', async () => {
  const { output, seen, read, isEnded } = await open()
  read()
  output.end()
  await isEnded()

  expect(seen.bytes).toHaveLength(0)
})

test('keeps every byte of a full FIFO for a reader that comes late', async () => {
  const { output, seen, read, isEnded, write } = await open()
  const bytes = Buffer.from(Array.from({ length: PIPE_BYTES }, (_, index) => index % 256))
  write(bytes)
  output.end()
  await sleep(50)
  read()
  await isEnded()

  expect(seen.bytes.equals(bytes)).toBe(true)
})

test('ends with the last who holds the FIFO open, and keeps what came before', async () => {
  const { seen, read, isEnded, letGo, write } = await open()
  read()
  write('cut off')
  letGo()
  await isEnded()

  expect(seen.bytes.toString()).toBe('cut off')
})

test('takes nothing that comes behind the end', async () => {
  const { output, seen, read, isEnded, write } = await open()
  write('mine')
  output.end()
  write('not mine')
  read()
  await isEnded()

  expect(seen.bytes.toString()).toBe('mine')
})

test('ends at the mark of a runner that was killed before it read it', async () => {
  const { mark, output, seen, read, isEnded, write } = await open()
  write('all of it')
  write(mark)
  read()
  output.end()
  await isEnded()

  expect(seen.bytes.toString()).toBe('all of it')
})

test('ends at a mark that arrives in pieces, behind bytes that begin like it', async () => {
  const { mark, seen, read, isEnded, write } = await open()
  read()
  const likeIt = Buffer.concat([mark.subarray(0, 5), mark.subarray(0, 1)])
  write(likeIt)
  await sleep(50)
  const early = Buffer.from(seen.bytes)
  write(mark.subarray(0, 9))
  await sleep(50)
  write(mark.subarray(9))
  await isEnded()

  expect([early.equals(likeIt.subarray(0, 5)), seen.bytes.equals(likeIt)]).toEqual([true, true])
})

test('holds no text back', async () => {
  const { seen, read, write } = await open()
  read()
  write('a line\n')

  await expect.poll(() => seen.bytes.toString()).toBe('a line\n')
})
