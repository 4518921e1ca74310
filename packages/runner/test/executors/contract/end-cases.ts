import { stat } from 'node:fs/promises'
import { join } from 'node:path'
import { setTimeout as sleep } from 'node:timers/promises'
import { expect } from 'vitest'
import type { ContractCase, ContractContext } from './contract-context.js'
import {
  createExecutor,
  createInstance,
  readAll,
  runScript,
  startScript,
  waitForText,
  within,
  type StartedScript,
} from './start-script.js'

const MIB = 1024 * 1024

// Writes a beat into a file for six seconds, or tries to, as a daemon that has cut all ties to its parent.
const DAEMON = `
import os, time
def start_daemon():
    if os.fork() > 0:
        return
    os.setsid()
    if os.fork() > 0:
        os._exit(0)
    null = os.open('/dev/null', os.O_RDWR)
    for fd in (0, 1, 2):
        os.dup2(null, fd)
    end = time.time() + 6
    while time.time() < end:
        try:
            with open('beat', 'a') as file:
                file.write('.')
        except OSError:
            pass
        time.sleep(0.05)
    os._exit(0)
start_daemon()
while not os.path.exists('beat'):
    time.sleep(0.01)
`

/** Exit codes come as they are. */
export async function checkExitCodes(context: ContractContext): Promise<void> {
  const codes = [0, 1, 2, 42, 125, 126, 127, 255]
  const executor = createExecutor(context)
  const ends = await Promise.all(
    codes.map(async (code) => (await runScript(context, `import os; os._exit(${code})`, { executor })).exit),
  )

  expect(ends.map(({ cause, exitCode, signal }) => ({ cause, exitCode, signal }))).toEqual(
    codes.map((exitCode) => ({ cause: 'exit', exitCode, signal: null })),
  )
}

/** A script that a signal killed is said to have been. */
export async function checkSignalDeath(context: ContractContext): Promise<void> {
  const signals = ['SIGKILL', 'SIGSEGV', 'SIGTERM', 'SIGABRT']
  const executor = createExecutor(context)
  const ends = await Promise.all(
    signals.map(async (signal) => {
      const source = `import os, signal, time; os.kill(os.getpid(), signal.${signal}); time.sleep(5)`
      return (await runScript(context, source, { executor })).exit
    }),
  )

  expect(ends.map(({ cause, signal }) => [cause, signal])).toEqual(
    signals.map((signal) => ['signal', signal]),
  )
}

/** SIGTERM reaches the script, which may handle it. */
export async function checkSigterm(context: ContractContext): Promise<void> {
  const source = `
import os, signal, time
def stop(*_):
    print('tidied up', flush=True)
    os._exit(3)
signal.signal(signal.SIGTERM, stop)
print('ready', flush=True)
time.sleep(20)
`
  const { running } = await startScript(context, source)
  const stdout = readAll(running.stdout)
  await waitForText(running.stdout, 'ready\n')
  await running.signal('SIGTERM')

  expect(await within(5_000, 'the script has ended', running.exit)).toMatchObject({
    cause: 'exit',
    exitCode: 3,
  })
  expect((await stdout).toString()).toBe('ready\ntidied up\n')
}

/** SIGKILL ends the script and all that it started, wherever that has gone. */
export async function checkSigkill(context: ContractContext): Promise<void> {
  const script = await startScript(context, `${DAEMON}\nprint('ready', flush=True); time.sleep(20)`)
  const { running } = script
  await waitForText(running.stdout, 'ready\n')
  await running.signal('SIGKILL')

  expect(await within(5_000, 'the script has ended', running.exit)).toMatchObject({
    cause: 'signal',
    signal: 'SIGKILL',
  })
  await expectNoBeat(script)
}

/** A signal after the end does nothing. */
export async function checkLateSignal(context: ContractContext): Promise<void> {
  const { running } = await runScript(context, 'pass')

  const refused: unknown[] = []
  for (const name of ['SIGTERM', 'SIGKILL'] as const)
    await running.signal(name).catch((error: unknown) => refused.push(error))
  expect(refused).toEqual([])
}

/** A release leaves nothing of a script, also of what it left behind itself. */
export async function checkRelease(context: ContractContext): Promise<void> {
  const instance = createInstance()
  const executor = createExecutor(context, instance)
  const script = await runScript(context, DAEMON, { executor })
  const size = await getBeat(script)
  await script.release()
  // Whatever still ran would go on writing where it was, in a directory or out of one.
  await sleep(400)

  expect(size).toBeGreaterThan(0)
  expect(await context.countLeft(instance)).toBe(0)
  expect(await getBeat(script)).toBe(0)
}

/** A sweep removes what a killed runner of the same instance left, and nothing else. */
export async function checkSweep(context: ContractContext): Promise<void> {
  const [ours, theirs] = [createInstance(), createInstance()]
  const source = `${DAEMON}\nprint('beating', flush=True); time.sleep(20)`
  const left = await startScript(context, source, { executor: createExecutor(context, ours) })
  const other = await startScript(context, source, { executor: createExecutor(context, theirs) })
  await Promise.all([left, other].map(({ running }) => waitForText(running.stdout, 'beating')))
  await createExecutor(context, ours).sweep()

  await expectNoBeat(left)
  expect(await context.countLeft(ours)).toBe(0)
  await within(5_000, 'what was swept away has ended', left.running.exit)
  expect(await context.countLeft(theirs)).toBeGreaterThan(0)
}

/** What a script used is measured. */
export async function checkUsage(context: ContractContext): Promise<void> {
  const source = `
import time
data = b'x' * (50 << 20)
while time.process_time() < 0.4: pass
`
  const { wallMs, cpuSeconds, peakMemoryBytes } = (await runScript(context, source)).exit.usage

  expect(wallMs).toBeGreaterThan(300)
  expect(wallMs).toBeLessThan(15_000)
  expect(cpuSeconds ?? 0).toBeGreaterThan(0.2)
  expect(cpuSeconds ?? 0).toBeLessThan(2)
  expect(peakMemoryBytes ?? 0).toBeGreaterThan(50 * MIB)
  expect(peakMemoryBytes ?? 0).toBeLessThan(200 * MIB)
}

/** A script that asks for more memory than it may have is ended, and that is the cause. */
export async function checkOutOfMemory(context: ContractContext): Promise<void> {
  const source = `
print('before', flush=True)
data = b'x' * (150 << 20)
print('after', flush=True)
`
  const { exit, stdout } = await runScript(context, source, { resources: { memoryMib: 48 } })

  expect(exit).toMatchObject({ cause: 'out_of_memory' })
  expect(exit.usage.peakMemoryBytes ?? 0).toBeGreaterThanOrEqual(48 * MIB)
  expect(stdout.toString()).toBe('before\n')
}

async function expectNoBeat({ workDir }: Pick<StartedScript, 'workDir'>): Promise<void> {
  const size = await getBeat({ workDir })
  await sleep(400)
  expect(await getBeat({ workDir })).toBe(size)
}

const getBeat = ({ workDir }: Pick<StartedScript, 'workDir'>): Promise<number> =>
  stat(join(workDir, 'beat')).then(
    ({ size }) => size,
    () => 0,
  )

/** What holds for the end of a script. */
export const END_CASES: readonly ContractCase[] = [
  { title: 'reports exit codes as they are', check: checkExitCodes },
  { title: 'reports death by a signal, with its name', check: checkSignalDeath },
  { title: 'lets the script handle SIGTERM', check: checkSigterm },
  { title: 'kills the whole tree with SIGKILL, daemons too', check: checkSigkill },
  { title: 'ignores a signal after the end', check: checkLateSignal },
  { title: 'leaves nothing after a release', check: checkRelease },
  { title: 'sweeps what a killed runner of its own instance left', check: checkSweep },
  { title: 'measures time, processor and memory', check: checkUsage },
  { title: 'reports a script that ran out of memory', check: checkOutOfMemory, needsIsolation: true },
]
