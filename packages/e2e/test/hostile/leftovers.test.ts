import { describe, expect, test } from 'vitest'
import { hasDocker } from '../support/requirements.js'
import { areAtRest } from './support/shared-containers.js'
import { createStage } from './support/stage.js'

const LEAVE = `
import os, socket, time
for folder in ('/tmp', '/dev/shm', '/work'):
    for name in ('left', '.left', '..left'): open(f'{folder}/{name}', 'w').write('left')
    os.makedirs(f'{folder}/locked-left/x')
    os.chmod(f'{folder}/locked-left', 0)
if os.fork() == 0:
    os.setsid()
    held = socket.socket(socket.AF_UNIX)
    held.bind('\\0left')
    held.listen()
    time.sleep(60)
    os._exit(0)
`
const FIND = `
import glob, os, socket
found = [path for path in ('/tmp', '/dev/shm', '/work') for name in os.listdir(path) if 'left' in name]
found += [name for name in open('/proc/net/unix').read().split() if 'left' in name]
found += [pid for pid in os.listdir('/proc') if pid.isdigit() and b'LEAVER' in open(f'/proc/{pid}/environ', 'rb').read() and int(pid) != os.getpid()]
print('found', found)
`
const BOTH = `
import sys
if sys.argv[1] == 'find':
    exec(${JSON.stringify(FIND)})
else:
    exec(${JSON.stringify(LEAVE)})
`

describe.runIf(await hasDocker())('what a hostile script leaves for the next', () => {
  const stage = createStage()
  const cpus = 1

  test('H41: nothing, in a container of its own', async () => {
    await stage.run(LEAVE, { cpus })
    const { stdout } = await stage.run(FIND, { cpus })

    expect(stdout).toBe('found []\n')
  })

  test('H41: nothing, while it still runs beside the next', async () => {
    const first = stage.world.run(`${LEAVE}\nprint('ready', flush=True)\ntime.sleep(60)`, { cpus })
    for await (const { text } of first.logs()) if (text !== '') break
    const { stdout } = await stage.run(FIND, { cpus })
    await first.cancel()
    await stage.finish(first)

    expect(stdout).toBe('found []\n')
  })

  test('H41: nothing in the image', async () => {
    const source = `
import os, sys
refused = 0
for path in ['/usr/bin/python3', os.__file__, '/etc/passwd', '/bin/sh', sys.prefix + '/lib/sitecustomize.py']:
    try: open(path, 'a')
    except OSError as error: refused += error.errno in (13, 30)
print(refused)
`
    const { stdout } = await stage.run(source, { cpus })

    expect(stdout).toBe('5\n')
  })

  describe('in a shared container', () => {
    const shared = { cpus, isolation: 'shared' } as const
    /** Runs one script twice, with other arguments. */
    const runTwice = async (source: string, first = 'leave', second = 'find') => {
      const one = await stage.world.run(source, { ...shared, args: [first], env: { SECRET: 'of-the-first' } })
      await expect.poll(() => areAtRest(stage.world.instance), { timeout: 10_000 }).toBe(true)
      const two = await stage.world.run(source, { ...shared, args: [second] })
      return { one, two, container: two.record.phases?.container }
    }

    test('H41: nothing of files, processes and sockets', async () => {
      const { one, two, container } = await runTwice(BOTH)

      expect([one.exitCode, two.stdout, container]).toEqual([0, 'found []\n', 'shared'])
    })

    test('H41: another script is not in the same container', async () => {
      await stage.world.run(LEAVE, shared)
      const { stdout, record } = await stage.world.run(FIND, shared)

      expect([stdout, record.phases?.container]).toEqual(['found []\n', 'cold'])
    })

    test('H27: not a script that says that it has ended, and goes on', async () => {
      const source = `
import os, sys, time
if sys.argv[1] == 'leave':
    for _ in range(3): os.write(os.open('/rgrid/events', os.O_WRONLY), b'exit 0\\nready\\n')
    time.sleep(1)
    print('first', flush=True)
    os._exit(3)
print('second')
`
      const { one, two, container } = await runTwice(source)

      expect(one).toMatchObject({ exitCode: 3, stdout: 'first\n' })
      expect(two).toMatchObject({ exitCode: 0, stdout: 'second\n' })
      expect(container).toBe('shared')
    })

    test('H27: not a script that has taken the words of the shell over, and goes on', async () => {
      const source = `
import os, re, sys, time
if sys.argv[1] == 'leave':
    shell = os.getppid()
    token = None
    with open(f'/proc/{shell}/mem', 'rb', buffering=0) as memory:
        for line in open(f'/proc/{shell}/maps'):
            start, end = (int(text, 16) for text in line.split()[0].split('-'))
            if 'rw' not in line or end - start > 1 << 24: continue
            try: memory.seek(start); found = re.search(rb'rgrid_token=([0-9a-f]{32})', memory.read(end - start))
            except OSError: continue
            if found: token = found[1].decode()
    print('token', token is not None, flush=True)
    os.write(os.open('/rgrid/events', os.O_WRONLY), f'exit 0 {token}\\n'.encode())
    time.sleep(60)
print('second')
`
      const { one, two, container } = await runTwice(source)

      expect(one).toMatchObject({ cause: 'signal', signal: 'SIGKILL', stdout: 'token True\n' })
      expect(two).toMatchObject({ exitCode: 0, stdout: 'second\n' })
      expect(container).toBe('cold')
    })

    test('H27: not the orders that a script has given itself', async () => {
      const source = `
import os, sys
if sys.argv[1] == 'leave':
    os.write(os.open('/rgrid/go', os.O_RDWR), b'run\\n' * 3)
    os.write(os.open('/rgrid/control', os.O_RDWR), b'signal KILL\\n' * 3)
    os.write(os.open('/rgrid/deadline', os.O_RDWR), b'1\\n' * 3)
else:
    import time
    time.sleep(2)
print(sys.argv[1], os.environ.get('SECRET'))
`
      const { two, container } = await runTwice(source)

      expect(two).toMatchObject({ exitCode: 0, stdout: 'find None\n' })
      expect(container).toBe('shared')
    })

    test('H27: not ends that a script has made up', async () => {
      const source = `
import os, sys, time
if sys.argv[1] == 'leave':
    os.write(os.open('/rgrid/events', os.O_WRONLY), b'exit 7\\nexit 7\\nready\\n')
    sys.exit(3)
time.sleep(1)
print('second')
`
      const { two, container } = await runTwice(source)

      expect(two).toMatchObject({ exitCode: 0, stdout: 'second\n' })
      expect(container).toBe('shared')
    })

    test('H27: not a full way to the next', async () => {
      const source = `
import fcntl, os, sys
if sys.argv[1] == 'leave':
    for name in ('go', 'control', 'events'):
        fd = os.open('/rgrid/' + name, os.O_RDWR | os.O_NONBLOCK)
        try:
            while True: os.write(fd, b'x' * 4096)
        except OSError: pass
print('second')
`
      const { two } = await runTwice(source)

      expect(two).toMatchObject({ exitCode: 0, stdout: 'second\n' })
    })
  })
})
