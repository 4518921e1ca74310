import { LIMITS } from '@rgrid/protocol'
import { describe, expect, test } from 'vitest'
import { hasDocker } from '../support/requirements.js'
import { createStage } from './support/stage.js'

describe.runIf(await hasDocker())('the files of a hostile script', () => {
  const stage = createStage()
  const run = (source: string, options = {}) =>
    stage.run(source, { cpus: 2, diskMib: 512, timeoutMs: 60_000, ...options })

  test('H7: more files than go home are counted among those left behind', async () => {
    const total = LIMITS.outputFiles + 5_000
    const source = `for number in range(${total}): open(f'file{number}', 'wb').close()`

    const { exitCode, artifacts, skipped } = await run(source)

    const reason = `over the limit of ${LIMITS.outputFiles} files`
    expect([exitCode, artifacts.length]).toEqual([0, LIMITS.outputFiles])
    expect(skipped.length).toBe(101)
    expect(skipped[0]?.reason).toBe(reason)
    expect(skipped.at(-1)).toEqual({
      path: '.',
      reason: `${total - LIMITS.outputFiles - 100} more: ${reason}`,
    })
  })

  test('H7: 20,000 folders, and what takes long to remove, leave nothing', async () => {
    const source = `
import os
for number in range(20000): os.mkdir(f'folder{number}')
open('last', 'w').write('x')
`
    const { exitCode, artifacts } = await run(source)

    expect([exitCode, artifacts.map(({ path }) => path)]).toEqual([0, ['last']])
  })

  test.concurrent('H7: paths that are too deep or too long are named, and removed', async () => {
    const source = `
import os
open('fine', 'w').write('x')
start = os.getcwd()
for _ in range(60):
    os.mkdir('d')
    os.chdir('d')
open('deep', 'w').write('x')
os.chdir(start)
for number in range(32):
    os.mkdir('n' * 255)
    os.chdir('n' * 255)
open('long', 'w').write('x')
`
    const { exitCode, artifacts, skipped } = await run(source)

    expect([exitCode, artifacts.map(({ path }) => path)]).toEqual([0, ['fine']])
    expect(skipped.map(({ path }) => path[0]).sort()).toEqual(['d', 'n'])
  })

  test.concurrent('H7: names that are no text, or not for people, are named', async () => {
    const source = `
import os
for name in (b'\\xff\\xfe', b'new\\nline', b'\\x1b[2J', b'back\\\\slash', b'\\xe2\\x80\\xae', b'fine'):
    open(name, 'w').write('x')
`
    const { exitCode, artifacts, skipped } = await run(source)

    expect(exitCode).toBe(0)
    expect(artifacts.length + skipped.length).toBe(6)
    expect(artifacts.map(({ path }) => path)).toContain('fine')
    expect(skipped.length).toBeGreaterThanOrEqual(3)
  })

  test.concurrent('H9: /work and what is above it cannot be replaced', async () => {
    const source = `
import os
def refused(action):
    try: action()
    except OSError as error: return error.errno
    return 0
open('/work/keep', 'w').write('x')
print(refused(lambda: os.rename('/work', '/work2')), refused(lambda: os.rmdir('/work')),
      refused(lambda: os.symlink('/', '/work3')), refused(lambda: os.unlink('/rgrid')))
`
    const { stdout, artifacts } = await run(source)

    expect(stdout).toMatch(/^(16|30|13) (16|30|13) (30|13) (16|21|30|13)\n$/)
    expect(artifacts.map(({ path }) => path)).toEqual(['keep'])
  })

  test.concurrent('H9: links in place of inputs, folders and files are never followed', async () => {
    const source = `
import os
for name in list(os.listdir('.')): os.unlink(name)
os.symlink('/etc/shadow', 'script.py')
os.symlink('/', 'root')
os.symlink('../../..', 'up')
os.symlink('/proc/self/environ', 'environ')
os.mkdir('real')
os.symlink('real', 'unreal')
open('real/file', 'w').write('x')
os.link('real/file', 'hard')
`
    const { exitCode, artifacts, skipped } = await run(source)

    expect(exitCode).toBe(0)
    expect(artifacts.map(({ path }) => path).sort()).toEqual(['hard', 'real/file'])
    expect(skipped.map(({ path, reason }) => `${path} ${reason}`).sort()).toEqual(
      ['environ', 'root', 'script.py', 'unreal', 'up'].map((path) => `${path} is a symbolic link`),
    )
  })

  test.concurrent('H11: FIFOs, sockets and devices are not opened', async () => {
    const source = `
import os, socket, stat
os.mkfifo('fifo')
socket.socket(socket.AF_UNIX).bind('socket')
for name, kind in (('char', stat.S_IFCHR), ('block', stat.S_IFBLK)):
    try: os.mknod(name, kind | 0o666, os.makedev(1, 3)); print('made', name)
    except PermissionError: pass
`
    const { exitCode, stdout, artifacts, skipped } = await run(source)

    expect([exitCode, stdout, artifacts]).toEqual([0, '', []])
    expect(skipped.map(({ path, reason }) => `${path} ${reason}`).sort()).toEqual([
      'fifo is a FIFO',
      'socket is a socket',
    ])
  })

  test.concurrent('H13: a file that a child goes on to write holds still once it is taken', async () => {
    const source = `
import os, time
if os.fork() == 0:
    os.setsid()
    with open('growing', 'wb', buffering=0) as file:
        while True: file.write(b'x' * 512)
time.sleep(0.3)
os._exit(0)
`
    const { status, artifacts } = await run(source)

    const [growing] = artifacts
    expect([status, growing?.path]).toEqual(['completed', 'growing'])
    expect((await growing?.bytes())?.length).toBe(growing?.size)
  })

  test.concurrent('H13: locked files and folders are taken or named, and removed', async () => {
    const source = `
import os
os.makedirs('locked/inside')
open('locked/inside/file', 'w').write('x')
open('unreadable', 'w').write('x')
os.chmod('unreadable', 0)
os.chmod('locked', 0)
`
    const { exitCode, artifacts, skipped } = await run(source)

    const named = [...artifacts.map(({ path }) => path), ...skipped.map(({ path }) => path)]
    expect(exitCode).toBe(0)
    expect(named.some((path) => path.startsWith('locked'))).toBe(true)
    expect(named).toContain('unreadable')
  })
})
