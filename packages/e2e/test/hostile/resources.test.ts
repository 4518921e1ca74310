import { execFileSync } from 'node:child_process'
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { describe, expect, test } from 'vitest'
import { hasDocker } from '../support/requirements.js'
import { getFreeMib } from './support/canaries.js'
import { createStage, summarize } from './support/stage.js'

const PIDS = 64
// The shells and the init of a waiting container.
const OWN_PIDS = 5

const SHELL_BOMB = `bomb() { bomb | bomb & }
bomb
sleep 3
`
const PYTHON_BOMB = `
import os, time
end = time.time() + 3
while time.time() < end:
    try: os.fork()
    except OSError: pass
`
const C_BOMB = `
#include <time.h>
#include <unistd.h>
int main(void) {
  time_t end = time(0) + 3;
  while (time(0) < end) if (vfork() == 0) { execl("/proc/self/exe", "bomb", (char *)0); _exit(1); }
  return 0;
}
`

/** A program for a container, from a compiler of this machine; \`undefined\` where there is none. */
function compile(source: string): Uint8Array | undefined {
  const folder = mkdtempSync(join(tmpdir(), 'rgrid-bomb-'))
  try {
    writeFileSync(join(folder, 'bomb.c'), source)
    execFileSync('gcc', ['-static', '-Os', '-s', '-o', 'bomb', 'bomb.c'], { cwd: folder, stdio: 'ignore' })
    return readFileSync(join(folder, 'bomb'))
  } catch {
    return undefined
  } finally {
    rmSync(folder, { recursive: true })
  }
}

const bomb = compile(C_BOMB)

describe.runIf(await hasDocker())('what a hostile script may use', () => {
  const stage = createStage()

  /** Runs a bomb and counts its processes meanwhile. */
  const runBomb = async (...[source, options]: Parameters<typeof stage.run>) => {
    const execution = stage.world.run(source, { timeoutMs: 6_000, ...options })
    let most = 0
    const timer = setInterval(() => {
      void stage.world.findContainer(execution.id).then((container) => {
        if (container !== undefined) most = Math.max(most, countProcesses(container.Id))
      })
    }, 200)
    const result = await stage.finish(execution).finally(() => clearInterval(timer))
    return { result, most }
  }

  test.for([
    ['a shell', SHELL_BOMB, { script: 'bomb.sh' }],
    ['Python', PYTHON_BOMB, {}],
  ] as const)('H1: a fork bomb in %s is held at its limit and ends', async ([, source, options]) => {
    const { result, most } = await runBomb(source, options)

    expect(['exit', 'timeout', 'signal']).toContain(result.cause)
    expect(most).toBeGreaterThan(PIDS / 2)
    expect(most).toBeLessThanOrEqual(PIDS + OWN_PIDS)
  })

  test.skipIf(bomb === undefined)('H1: a fork bomb by vfork is held at its limit and ends', async () => {
    const files = { bomb: bomb ?? new Uint8Array() }
    const options = { script: 'start.sh', files, args: ['bomb'] }

    const { result, most } = await runBomb('chmod +x bomb; exec ./bomb', options)

    expect(['exit', 'timeout', 'signal']).toContain(result.cause)
    expect(most).toBeGreaterThan(PIDS / 2)
    expect(most).toBeLessThanOrEqual(PIDS + OWN_PIDS)
  })

  test.concurrent('H3: a memory bomb is told as out of memory', async () => {
    const source = `print('before', flush=True)\ndata = [b'x' * (1 << 20) for _ in range(4096)]`

    const result = await stage.run(source, { cpus: 1, memoryMib: 64 })

    expect(result).toMatchObject({ status: 'failed', cause: 'out_of_memory', stdout: 'before\n' })
    expect(result.usage?.peakMemoryBytes).toBeGreaterThanOrEqual(64 * 1024 * 1024)
  })

  test.concurrent(
    'H3: a memory bomb in a child does not fail a script that exits with 0, which is told of it',
    async () => {
      const source = `
import subprocess, sys
child = subprocess.run([sys.executable, '-c', 'data = [b"x" * (1 << 20) for _ in range(4096)]'])
print(child.returncode)
`
      const result = await stage.run(source, { cpus: 1, memoryMib: 64 })

      expect(summarize(result)).toMatchObject({
        status: 'completed',
        cause: 'exit',
        exitCode: 0,
        stdout: '-9\n',
      })
      expect(result.message).toBe('a process that the script started was killed for want of memory')
    },
  )

  test.concurrent('H3: a memory bomb that grows slowly is told as out of memory', async () => {
    const source = `
import time
data = []
while True:
    data.append(b'x' * (8 << 20))
    time.sleep(0.1)
`
    const result = await stage.run(source, { memoryMib: 64 })

    expect(result).toMatchObject({ status: 'failed', cause: 'out_of_memory' })
  })

  test.concurrent('H3: files in /tmp and /dev/shm are memory, and have limits of their own', async () => {
    const source = `
for path in ('/tmp/x', '/dev/shm/x'):
    written = 0
    try:
        with open(path, 'wb', buffering=0) as file:
            while True: written += file.write(bytes(1 << 20))
    except OSError as error: print(path, written >> 20, error.errno)
`
    const result = await stage.run(source, { cpus: 1, diskMib: 1024 })

    expect(summarize(result)).toMatchObject({ exitCode: 0, stdout: '/tmp/x 64 28\n/dev/shm/x 64 28\n' })
  })

  test('H5: a file over the limit ends at it', async () => {
    const source = `
import signal
signal.signal(signal.SIGXFSZ, signal.SIG_IGN)
for folder in ('/', '/etc', '/usr', '/var', '/rgrid', '/tmp', '/work'):
    written = 0
    try:
        with open(folder + '/x', 'wb', buffering=0) as file:
            while True: written += file.write(bytes(1 << 20))
    except OSError as error: print(folder, written >> 20, error.errno)
`
    const result = await stage.run(source, { cpus: 1 })

    const lines = [
      '/ 0 30',
      '/etc 0 30',
      '/usr 0 30',
      '/var 0 30',
      '/rgrid 0 30',
      '/tmp 64 27',
      '/work 64 27',
    ]
    expect(result.stdout.trim().split('\n')).toEqual(lines)
  })

  /** Runs a script that fills the disk; returns its end and how much room there was less meanwhile. */
  const fill = async (source: string, options: Parameters<typeof stage.run>[1]) => {
    const before = getFreeMib()
    let least = before
    const timer = setInterval(() => (least = Math.min(least, getFreeMib())), 100)
    const result = await stage.run(source, { memoryMib: 512, ...options }).finally(() => clearInterval(timer))
    return { result, takenMib: before - least }
  }
  // How much may be written between two looks, on a fast disk.
  const OVERSHOOT_MIB = 8192
  const MANY_MIB = 64
  const FEW_MIB = 16

  test.for([
    [
      'large files',
      `
for number in range(100000):
    with open(f'file{number}', 'wb', buffering=0) as file:
        for _ in range(32): file.write(bytes(1 << 20))
`,
      MANY_MIB,
    ],
    [
      'small files',
      `
for number in range(10000000):
    with open(f'file{number}', 'wb', buffering=0) as file: file.write(b'x')
`,
      FEW_MIB,
    ],
    ['empty files', `for number in range(10000000): open(f'file{number}', 'wb').close()`, FEW_MIB],
    ['directories', `import os\nfor number in range(10000000): os.mkdir(f'folder{number}')`, FEW_MIB],
    [
      'files that have no name any more',
      `
import os
held = []
for number in range(1000):
    file = open('file', 'wb', buffering=0)
    os.unlink('file')
    for _ in range(32): file.write(bytes(1 << 20))
    held.append(file)
import time
time.sleep(30)
`,
      MANY_MIB,
    ],
    [
      'files below a path that is longer than a path may be',
      `
import os
for _ in range(40):
    os.mkdir('d' * 200)
    os.chdir('d' * 200)
for number in range(100000):
    with open(f'file{number}', 'wb', buffering=0) as file:
        for _ in range(32): file.write(bytes(1 << 20))
`,
      MANY_MIB,
    ],
  ] as const)('H5: %s over the limit end the script', async ([, source, diskMib]) => {
    // Many are made slowly, as it takes long to remove them.
    const { result, takenMib } = await fill(source, { diskMib, cpus: diskMib === FEW_MIB ? 0.2 : 1 })

    expect(result).toMatchObject({ status: 'failed', cause: 'output_limit' })
    expect(result.message).toBe(`the script wrote more than ${diskMib} MiB to its working directory`)
    expect(takenMib).toBeLessThan(OVERSHOOT_MIB)
  })

  test('H29: a script that spins on all processors and asks for more is refused', async () => {
    const source = `
import os, time
def refused(action):
    try: action()
    except (OSError, PermissionError) as error: return error.errno
    return 0
print(refused(lambda: os.nice(-20)), refused(lambda: os.sched_setscheduler(0, os.SCHED_FIFO, os.sched_param(99))),
      refused(lambda: os.setpriority(os.PRIO_PROCESS, 0, -5)), flush=True)
for _ in range(7): os.fork()
end = time.time() + 4
while time.time() < end: pass
os._exit(0)
`
    const { status, stdout } = await stage.run(source, { cpus: 2, pids: 256 })

    expect([status, stdout]).toEqual(['completed', '1 1 13\n'])
  })

  test.concurrent('H37: files, sockets and watches end at the limits of the container', async () => {
    const source = `
import ctypes, os, socket
def count(make):
    held = []
    try:
        for _ in range(20000): held.append(make())
    except OSError as error: return len(held), error.errno
    finally:
        for fd in held: os.close(fd)
    return len(held), 0
libc = ctypes.CDLL(None, use_errno=True)
def watch():
    fd = libc.inotify_init()
    if fd < 0: raise OSError(ctypes.get_errno(), '')
    return fd
for name, make in (('files', lambda: os.open('/dev/null', 0)), ('sockets', lambda: socket.socket().detach()), ('inotify', watch)):
    number, error = count(make)
    print(name, 0 < number <= 1024, error)
`
    const { stdout } = await stage.run(source, { cpus: 1 })

    expect(stdout).toBe('files True 24\nsockets True 24\ninotify True 24\n')
  })
})

/** How many processes are in a container, by its control group. */
function countProcesses(id: string): number {
  for (const path of [`/sys/fs/cgroup/pids/docker/${id}`, `/sys/fs/cgroup/system.slice/docker-${id}.scope`]) {
    try {
      return Number(readFileSync(`${path}/pids.current`, 'utf8'))
    } catch {
      // Not there, or not any more.
    }
  }
  return 0
}
