import Docker from 'dockerode'
import { existsSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { describe, expect, it } from 'vitest'
import { DEFAULT_SOCKET_PATH } from '../../src/executors/docker/is-engine-answering.js'
import {
  createExecutor,
  readAll,
  runScript,
  waitForText,
  within,
  type FinishedScript,
} from './contract/start-script.js'
import { findContainer } from './find-container.js'
import { requireDocker } from './require-docker.js'
import { createSharing, isFrozen, OBEDIENT } from './sharing.js'

const MIB = 1024 * 1024
const docker = new Docker({ socketPath: DEFAULT_SOCKET_PATH })

const LOOK = `
import json, os, stat
processes = {}
for pid in filter(str.isdigit, os.listdir('/proc')):
    with open(f'/proc/{pid}/stat') as file: state = file.read().rsplit(')', 1)[1].split()[0]
    with open(f'/proc/{pid}/cmdline') as file: command = file.read().split(chr(0))[0]
    if state != 'Z' and command.endswith('python3'): processes[pid] = command
print(json.dumps({
    'files': [sorted(os.listdir(path)) for path in ('/work', '/tmp', '/dev/shm')],
    'mode': stat.S_IMODE(os.stat('/work').st_mode),
    'pythons': len(processes),
    'pid': os.getpid(),
}))
`

const look = async (sharing: ReturnType<typeof createSharing>) => {
  const ended = await sharing.run(OBEDIENT, { args: [LOOK] })
  expect(ended.stderr.toString()).toBe('')
  return { ...ended, view: JSON.parse(ended.stdout.toString()) as Record<string, unknown> }
}

describe.skipIf(!(await requireDocker()))('a shared container', () => {
  it('serves the same script again, in a fresh process', async ({ onTestFinished }) => {
    const sharing = createSharing(onTestFinished)
    const first = await look(sharing)
    const second = await look(sharing)
    const third = await look(sharing)

    expect([first, second, third].map(({ place }) => place.container)).toEqual(['cold', 'shared', 'shared'])
    expect(new Set([first, second, third].map(({ workDir }) => workDir)).size).toBe(1)
    expect(new Set([first, second, third].map(({ view }) => view['pid'])).size).toBe(3)
    expect(sharing.executor.getPoolStats()).toMatchObject({ hits: 2, misses: 1, waiting: 1 })
  })

  it('is emptied in between, also of what a script has locked', async ({ onTestFinished }) => {
    const sharing = createSharing(onTestFinished)
    const litter = `
for path in ('/work', '/tmp', '/dev/shm'):
    os.makedirs(path + '/locked/inner')
    for name in ('file', '.hidden', '..odd', 'locked/inner/file', 'line\\nbreak'):
        open(path + '/' + name, 'w').close()
    os.symlink('/rgrid', path + '/link')
    os.mkfifo(path + '/fifo')
    os.chmod(path + '/locked/inner', 0)
    os.chmod(path + '/locked', 0)
os.chmod('/work', 0)
`
    const first = await sharing.run(OBEDIENT, { args: [litter] })
    const { view, workDir } = await look(sharing)

    expect([first.exit.exitCode, first.stderr.toString()]).toEqual([0, ''])
    expect(workDir).toBe(first.workDir)
    expect(view).toMatchObject({ files: [['script.py'], [], []], mode: 0o700 })
  })

  it('has none of the processes of the script before', async ({ onTestFinished }) => {
    const sharing = createSharing(onTestFinished)
    const leave = `
import signal, time
for signum in (signal.SIGTERM, signal.SIGHUP, signal.SIGINT): signal.signal(signum, signal.SIG_IGN)
for _ in range(5):
    if os.fork() == 0:
        os.setsid()
        if os.fork() == 0:
            while True:
                open('/tmp/beat', 'a').close()
                time.sleep(0.01)
        os._exit(0)
os._exit(4)
`
    const first = await sharing.run(OBEDIENT, { args: [leave] })
    const { view, workDir } = await look(sharing)

    expect(first.exit).toMatchObject({ cause: 'exit', exitCode: 4 })
    expect(workDir).toBe(first.workDir)
    expect(view).toMatchObject({ pythons: 1, files: [['script.py'], [], []] })
  })

  it('is never given to another script or another project', async ({ onTestFinished }) => {
    const sharing = createSharing(onTestFinished)
    const first = await sharing.run('print(1)')
    const otherScript = await sharing.run('print(2)')
    const otherProject = await sharing.run('print(1)', { project: 'another' })
    const otherLimits = await sharing.run('print(1)', { resources: { memoryMib: 128 } })
    const alone = await sharing.run('print(1)', { isolation: 'execution' })
    const same = await sharing.run('print(1)')

    const all = [first, otherScript, otherProject, otherLimits, alone]
    expect(all.map(({ place }) => place.container)).toEqual(Array(5).fill('cold'))
    expect(new Set(all.map(({ workDir }) => workDir)).size).toBe(5)
    expect([same.place.container, same.workDir]).toEqual(['shared', first.workDir])
  })

  it('is frozen while the files of its script are looked at, and until the next', async ({
    onTestFinished,
  }) => {
    const sharing = createSharing(onTestFinished)
    const script = await runScript(sharing.context, 'pass', {
      executor: sharing.executor,
      isolation: 'shared',
    })
    const { id } = await findContainer(docker, script)
    const during = isFrozen(id)
    await script.release()

    expect([during, isFrozen(id)]).toEqual([true, true])
    expect(existsSync(script.workDir)).toBe(true)
  })

  it('tells exit codes and signals apart as others do, and goes on', async ({ onTestFinished }) => {
    const sharing = createSharing(onTestFinished)
    const orders = [
      'os._exit(0)',
      'os._exit(1)',
      'os._exit(127)',
      'os._exit(255)',
      'os.kill(os.getpid(), 11)',
      'os.kill(os.getpid(), 15)',
      'os.kill(os.getpid(), 9)',
      'os._exit(137)',
    ]
    const ended: FinishedScript[] = []
    for (const order of orders) ended.push(await sharing.run(OBEDIENT, { args: [order] }))

    expect(ended.map(({ exit: { cause, exitCode, signal } }) => [cause, exitCode, signal])).toEqual([
      ['exit', 0, null],
      ['exit', 1, null],
      ['exit', 127, null],
      ['exit', 255, null],
      ['signal', 139, 'SIGSEGV'],
      ['signal', 143, 'SIGTERM'],
      ['signal', 137, 'SIGKILL'],
      // The shell has one number for both.
      ['signal', 137, 'SIGKILL'],
    ])
    expect(new Set(ended.map(({ workDir }) => workDir)).size).toBe(1)
  })

  it('passes on all output of each script, and none of another', async ({ onTestFinished }) => {
    const sharing = createSharing(onTestFinished)
    const sizes = [3_000_000, 10, 0, 500_000]
    const read: number[] = []
    for (const size of sizes) {
      const { stdout, stderr } = await sharing.run(OBEDIENT, {
        args: [`sys.stdout.write('x' * ${size}); sys.stderr.write('y' * ${size})`],
      })
      read.push(stdout.length, stderr.length)
    }

    expect(read).toEqual(sizes.flatMap((size) => [size, size]))
  })

  it('measures each script by itself', async ({ onTestFinished }) => {
    const sharing = createSharing(onTestFinished)
    const work = 'import time\ndata = b"x" * (80 << 20)\nwhile time.process_time() < 0.6: pass'
    const first = await sharing.run(OBEDIENT, { args: [work] })
    const second = await sharing.run(OBEDIENT, { args: ['pass'] })

    expect(second.workDir).toBe(first.workDir)
    expect(first.exit.usage.cpuSeconds ?? 0).toBeGreaterThan(0.4)
    expect(second.exit.usage.cpuSeconds ?? 0).toBeLessThan(0.4)
    expect(first.exit.usage.peakMemoryBytes ?? 0).toBeGreaterThan(80 * MIB)
    // What the first has used is not what the second has.
    expect(second.exit.usage.peakMemoryBytes ?? 0).toBeLessThan(60 * MIB)
  })

  const WAIT = `
import signal, time
def leave(*_):
    os._exit(0)
signal.signal(signal.SIGTERM, leave)
print('ready', flush=True)
time.sleep(60)
`
  it.for([
    ['was asked to end, and did', 'SIGTERM', { exitCode: 0 }],
    ['was killed', 'SIGKILL', { cause: 'signal', signal: 'SIGKILL' }],
  ] as const)('is given up when its script %s', async ([, name, end], { onTestFinished }) => {
    const sharing = createSharing(onTestFinished)
    const script = await sharing.start(OBEDIENT, { args: [WAIT] })
    await waitForText(script.running.stdout, 'ready')
    await script.running.signal(name)
    const exit = await within(10_000, 'the script has ended', script.running.exit)
    await script.release()
    const next = await sharing.run(OBEDIENT, { args: ['pass'] })

    expect(exit).toMatchObject(end)
    expect(next.place.container).toBe('cold')
    expect(next.workDir).not.toBe(script.workDir)
  })

  it('is given up when its script ran over its deadline', async ({ onTestFinished }) => {
    const sharing = createSharing(onTestFinished)
    const late = await sharing.run(OBEDIENT, { args: ['import time; time.sleep(60)'], deadlineMs: 900 })
    const next = await sharing.run(OBEDIENT, { args: ['pass'] })

    expect(late.exit).toMatchObject({ cause: 'timeout', signal: 'SIGKILL' })
    expect(next.place.container).toBe('cold')
  })

  it.for([
    ['ran out of memory', 'x = b"x" * (300 << 20)', { cause: 'out_of_memory' }],
    [
      'lost a child for want of memory',
      'if os.fork() == 0:\n    x = b"x" * (300 << 20)\nelse: os.wait()',
      { cause: 'exit', exitCode: 0 },
    ],
  ] as const)('is given up when its script %s', async ([, order, end], { onTestFinished }) => {
    const sharing = createSharing(onTestFinished)
    const options = { resources: { memoryMib: 64 } }
    const greedy = await sharing.run(OBEDIENT, { ...options, args: [order] })
    const next = await sharing.run(OBEDIENT, { ...options, args: ['pass'] })

    expect(greedy.exit).toMatchObject(end)
    expect([next.place.container, next.exit.cause]).toEqual(['cold', 'exit'])
  })

  it('serves one script at a time: four at once have four', async ({ onTestFinished }) => {
    const sharing = createSharing(onTestFinished)
    const four = async () =>
      Promise.all(
        ['a', 'b', 'c', 'd'].map((name) =>
          sharing.start(OBEDIENT, { args: [`import time; time.sleep(1); print('${name}')`] }),
        ),
      )
    const first = await four()
    const outputs = await Promise.all(first.map(({ running }) => readAll(running.stdout)))
    await Promise.all(first.map(({ running }) => running.exit))
    await Promise.all(first.map(({ release }) => release()))
    const second = await four()

    expect(outputs.map(String)).toEqual(['a\n', 'b\n', 'c\n', 'd\n'])
    expect(new Set(first.map(({ workDir }) => workDir)).size).toBe(4)
    expect(second.map(({ place }) => place.container)).toEqual(Array(4).fill('shared'))
    expect(new Set(second.map(({ workDir }) => workDir)).size).toBe(4)
  })

  it('is handed over to a script that waits for its own', async ({ onTestFinished }) => {
    const sharing = createSharing(onTestFinished)
    const { executor } = sharing
    const options = { executor, isolation: 'shared', args: ['print("hello")'] } as const
    const first = await runScript(sharing.context, OBEDIENT, options)
    const second = runScript(sharing.context, OBEDIENT, options)
    await expect.poll(() => executor.getPoolStats()?.starting, { interval: 1 }).toBe(1)
    await first.release()

    const { stdout, exit, place, workDir } = await second
    expect([exit.exitCode, stdout.toString()]).toEqual([0, 'hello\n'])
    expect([place.container, workDir]).toEqual(['shared', first.workDir])
  })

  it('passes no late order on to the next script', async ({ onTestFinished }) => {
    const sharing = createSharing(onTestFinished)
    const first = await sharing.run(OBEDIENT, { args: ['pass'] })
    await Promise.all([first.running.signal('SIGTERM'), first.running.signal('SIGKILL')])
    const tell = (fifo: string, order: string): void =>
      writeFileSync(join(first.workDir, '..', 'rgrid', fifo), `${order}\n`)
    const stale = '0'.repeat(32)
    for (const order of ['signal TERM', 'signal KILL', `signal TERM ${stale}`]) tell('control', order)
    for (const order of ['0', `0 ${stale}`]) tell('deadline', order)
    const second = await sharing.run(OBEDIENT, { args: ['import time; time.sleep(1); print("whole")'] })

    expect(second.workDir).toBe(first.workDir)
    expect([second.exit.exitCode, second.stdout.toString()]).toEqual([0, 'whole\n'])
  })

  it('is not told apart from a liar by what it says of itself', async ({ onTestFinished }) => {
    const sharing = createSharing(onTestFinished)
    const lie = `
import time
with open('/rgrid/events', 'w') as events: events.write('exit 0 0\\nready\\nexit 0 ' + '0' * 32 + '\\n')
with open('/rgrid/control', 'w') as control: control.write('signal KILL\\n')
with open('/rgrid/deadline', 'w') as deadline: deadline.write('1\\n')
with open('/rgrid/go', 'w') as go: go.write('run ' + '0' * 32 + '\\n')
time.sleep(0.5)
os._exit(6)
`
    await sharing.run(OBEDIENT, { args: ['pass'] })
    const liar = await sharing.run(OBEDIENT, { args: [lie] })
    const next = await sharing.run(OBEDIENT, {
      args: ['import time; time.sleep(1.5); print("whole")'],
    })

    expect(liar.exit).toMatchObject({ cause: 'exit', exitCode: 6 })
    expect([next.exit.exitCode, next.stdout.toString()]).toEqual([0, 'whole\n'])
  })

  it('is removed when the executor closes, frozen as it is', async ({ onTestFinished }) => {
    const sharing = createSharing(onTestFinished)
    await sharing.run('pass')
    const before = await sharing.context.countLeft(sharing.instance)
    await within(8_000, 'the executor has closed', sharing.executor.close())

    expect([before, await sharing.context.countLeft(sharing.instance)]).toEqual([1, 0])
  })

  it('is swept away when its runner was killed, frozen as it is', async ({ onTestFinished }) => {
    const sharing = createSharing(onTestFinished)
    await sharing.run('pass')
    const next = createExecutor(sharing.context, sharing.instance)
    await within(8_000, 'it is swept away', next.sweep())

    expect(await sharing.context.countLeft(sharing.instance)).toBe(0)
  })
})
