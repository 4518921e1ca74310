import { createHash } from 'node:crypto'
import { access } from 'node:fs/promises'
import { join } from 'node:path'
import { setTimeout as sleep } from 'node:timers/promises'
import { expect } from 'vitest'
import type { ContractCase, ContractContext } from './contract-context.js'
import { createExecutor, readAll, runScript, startScript, waitForText, within } from './start-script.js'

const MIB = 1024 * 1024

/** Bytes come as they were printed, each on its own stream, also those that are no text. */
export async function checkExactBytes(context: ContractContext): Promise<void> {
  const source = `
import sys
sys.stdout.buffer.write(bytes(range(256)) + b'\\xff\\xfe\\x00 no newline at the end')
sys.stderr.buffer.write(b'\\x00\\xc3(\\r\\n' * 3)
`
  const { stdout, stderr, exit } = await runScript(context, source)

  expect(exit).toMatchObject({ cause: 'exit', exitCode: 0 })
  expect(
    stdout.equals(Buffer.concat([allBytes(), Buffer.from('fffe00', 'hex'), text(' no newline at the end')])),
  ).toBe(true)
  expect(stderr.toString('hex')).toBe('00c3280d0a'.repeat(3))
}

const allBytes = (): Buffer => Buffer.from(Array.from({ length: 256 }, (_, byte) => byte))
const text = (string: string): Buffer => Buffer.from(string)

/** Much output comes whole. */
export async function checkMuchOutput(context: ContractContext): Promise<void> {
  const source = `
import hashlib, random, sys
data = random.Random(7).randbytes(5 << 20)
sys.stdout.buffer.write(data)
sys.stderr.write(hashlib.sha256(data).hexdigest())
`
  const { stdout, stderr } = await runScript(context, source)

  expect(stdout.length).toBe(5 * MIB)
  expect(createHash('sha256').update(stdout).digest('hex')).toBe(stderr.toString())
}

/** A reader that pauses holds up the script; what it reads afterwards is whole. */
export async function checkPausedReader(context: ContractContext): Promise<void> {
  const source = `
import hashlib, random, sys
data = random.Random(7).randbytes(12 << 20)
print(hashlib.sha256(data).hexdigest(), file=sys.stderr, flush=True)
sys.stdout.buffer.write(data)
open('done', 'w').close()
`
  const { running, workDir } = await startScript(context, source)
  const stderr = readAll(running.stderr)
  await waitForText(running.stderr, '\n')
  await sleep(700)
  const isDone = await access(join(workDir, 'done')).then(
    () => true,
    () => false,
  )
  const hasEnded = await Promise.race([running.exit.then(() => true), sleep(0, false)])
  const stdout = await within(15_000, 'the paused stream has ended', readAll(running.stdout))

  expect([isDone, hasEnded]).toEqual([false, false])
  expect(createHash('sha256').update(stdout).digest('hex')).toBe((await stderr).toString().trim())
  expect(await running.exit).toMatchObject({ cause: 'exit', exitCode: 0 })
}

/** A reader that comes only long after the script's end misses nothing. */
export async function checkLateReader(context: ContractContext): Promise<void> {
  // More than an engine's buffer of 1 MiB, and within that and the pipes and sockets before it.
  const sizes = [352, 400, 448].map((kib) => MIB + kib * 1024)
  const executor = createExecutor(context)
  const read = await Promise.all(
    sizes.map(async (size) => {
      const source = `import sys; sys.stdout.buffer.write(b'x' * ${size})`
      const { running } = await startScript(context, source, { executor })
      running.stderr.resume()
      await sleep(4_000)
      const stdout = await within(10_000, 'the stream has ended', readAll(running.stdout))
      return { size: stdout.length, exitCode: (await running.exit).exitCode }
    }),
  )

  expect(read).toEqual(sizes.map((size) => ({ size, exitCode: 0 })))
}

/** One stream is not held up by the other. */
export async function checkIndependentStreams(context: ContractContext): Promise<void> {
  const source = `
import sys, threading
threading.Thread(target=lambda: sys.stdout.buffer.write(b'x' * (12 << 20)), daemon=True).start()
sys.stderr.write('y' * 1_000_000 + 'end')
sys.stderr.flush()
threading.Event().wait(20)
`
  const { running } = await startScript(context, source)

  await waitForText(running.stderr, 'end')
}

/** The end of the streams is not the end of the script. */
export async function checkClosedStdout(context: ContractContext): Promise<void> {
  const source = `
import os, time
os.close(1)
os.close(2)
time.sleep(0.8)
os._exit(7)
`
  const { exit, stdout } = await runScript(context, source)

  expect(exit).toMatchObject({ cause: 'exit', exitCode: 7 })
  expect(stdout.length).toBe(0)
}

/** A child that holds the streams open delays neither the exit nor the end of the streams. */
export async function checkLeftoverChild(context: ContractContext): Promise<void> {
  const source = `
import os, time
if os.fork() == 0:
    os.setsid()
    time.sleep(15)
    os._exit(0)
print('parent', flush=True)
os._exit(3)
`
  const { running } = await startScript(context, source)
  const streams = Promise.all([readAll(running.stdout), readAll(running.stderr)])

  expect(await within(5_000, 'the script has ended', running.exit)).toMatchObject({ exitCode: 3 })
  const [stdout] = await within(5_000, 'the streams have ended', streams)
  expect(stdout.toString()).toBe('parent\n')
}

/** What holds for the output of a script. */
export const OUTPUT_CASES: readonly ContractCase[] = [
  { title: 'passes on every byte of both streams as it is', check: checkExactBytes },
  { title: 'passes on 5 MiB whole', check: checkMuchOutput },
  { title: 'holds up the script, and loses nothing, while the reader pauses', check: checkPausedReader },
  { title: 'loses nothing when the reader comes long after the end', check: checkLateReader },
  { title: 'passes on one stream while the other is not read', check: checkIndependentStreams },
  { title: 'waits for the script, not for its streams', check: checkClosedStdout },
  { title: 'does not wait for a child that holds the streams open', check: checkLeftoverChild },
]
