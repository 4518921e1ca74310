import { describe, expect, test } from 'vitest'
import { hasDocker } from '../support/requirements.js'
import { createStage } from './support/stage.js'

const EXITS = [0, 1, 2, 42, 125, 126, 127, 255, 256] as const
// Exit codes that shells use for signals; the engine has one number for both.
const SIGNAL_EXITS = [
  [128, null],
  [130, 'SIGINT'],
  [137, 'SIGKILL'],
  [143, 'SIGTERM'],
] as const

describe.runIf(await hasDocker())('processes of a hostile script', { concurrent: true }, () => {
  const stage = createStage()

  test('H45: every exit code is told as it is', async () => {
    const results = await Promise.all(
      EXITS.map((code) => stage.run(`import os; os._exit(${code} % 256)`, { cpus: 1 })),
    )

    expect(results.map(({ cause, exitCode, signal }) => [cause, exitCode, signal])).toEqual(
      EXITS.map((code) => ['exit', code % 256, null]),
    )
  })

  test('H45: exit codes that shells use for signals keep their number', async () => {
    const results = await Promise.all(
      SIGNAL_EXITS.map(([code]) => stage.run(`import os; os._exit(${code})`, { cpus: 1 })),
    )

    expect(results.map(({ status, exitCode, signal }) => [status, exitCode, signal])).toEqual(
      SIGNAL_EXITS.map(([code, signal]) => ['failed', code, signal]),
    )
  })

  test.for(['SIGKILL', 'SIGSEGV', 'SIGTERM'])(
    'H45: death by %s is told as that',
    async (name, { expect }) => {
      const source = `import os, signal, time; os.kill(os.getpid(), signal.${name}); time.sleep(9)`

      const { status, cause, signal } = await stage.run(source, { cpus: 1 })

      expect({ status, cause, signal }).toEqual({ status: 'failed', cause: 'signal', signal: name })
    },
  )

  const FORGE =
    'import os, signal, sys, time\ndef tell(name, text): os.write(os.open("/rgrid/" + name, os.O_WRONLY), text)\n'

  test('H25: daemons end with the script, also those that hold its streams', async () => {
    const source = `
import os, subprocess, time
subprocess.Popen(['nohup', 'sleep', '60'])
subprocess.Popen(['sleep', '60'], start_new_session=True)
if os.fork() == 0:
    os.setsid()
    if os.fork() > 0: os._exit(0)
    time.sleep(60)
print('done', flush=True)
os._exit(6)
`
    const { exitCode, stdout, usage } = await stage.run(source, { cpus: 1 })

    expect([exitCode, stdout]).toEqual([6, 'done\n'])
    expect(usage?.wallMs).toBeLessThan(10_000)
  })

  test.for([
    ['everything', 'os.kill(-1, signal.SIGKILL)', /^signal SIGKILL$|^exit null$/],
    ['the shell that started it', 'os.kill(os.getppid(), signal.SIGKILL)', /^signal SIGKILL$/],
    [
      'its init, which is deaf to it',
      'os.kill(1, signal.SIGKILL); os.kill(1, signal.SIGSTOP)',
      /^exit null$/,
    ],
  ] as const)('H27: a script that kills %s ends itself only', async ([, action, expected]) => {
    const source = `${FORGE}print('here', flush=True)\n${action}\ntime.sleep(0.3)\nos._exit(0)`

    const { cause, signal, stdout } = await stage.run(source, { cpus: 1 })

    expect(stdout).toBe('here\n')
    expect(`${cause} ${signal}`).toMatch(expected)
  })

  test('H27: a script that stops the shell that started it is ended at its timeout', async () => {
    const source = `${FORGE}os.kill(os.getppid(), signal.SIGSTOP)\nos._exit(0)`

    const { status, cause } = await stage.run(source, { cpus: 1, timeoutMs: 2_000 })

    expect([status, cause]).toEqual(['timed_out', 'timeout'])
  })

  test('H27: a script that kills all but its own shell is ended at its timeout', async () => {
    const source = `${FORGE}
for pid in os.listdir('/proc'):
    if pid.isdigit() and int(pid) not in (1, os.getpid(), os.getppid()): os.kill(int(pid), signal.SIGKILL)
signal.signal(signal.SIGTERM, signal.SIG_IGN)
time.sleep(60)
`
    const { status, cause } = await stage.run(source, { cpus: 1, timeoutMs: 2_000 })

    expect([status, cause]).toEqual(['timed_out', 'timeout'])
  })

  test('H27: a script that says that it has ended has not', async () => {
    const source = `${FORGE}
tell('events', b'exit 0\\n')
tell('events', b'exit 0 00000000000000000000000000000000\\n')
time.sleep(2)
print('end', flush=True)
os._exit(5)
`
    const { exitCode, stdout, usage } = await stage.run(source, { cpus: 1 })

    expect([exitCode, stdout]).toEqual([5, 'end\n'])
    expect(usage?.wallMs).toBeGreaterThan(1_900)
  })

  test('H27: a script that talks without end is not listened to, and harms its own exit code only', async () => {
    const source = `${FORGE}
fd = os.open('/rgrid/events', os.O_WRONLY)
signal.signal(signal.SIGPIPE, signal.SIG_IGN)
try:
    while True: os.write(fd, b'ready\\nexit 0\\n' * 1000)
except BrokenPipeError: print('nobody listens', flush=True)
time.sleep(0.5)
os._exit(5)
`
    const { status, stdout } = await stage.run(source, { cpus: 1 })

    expect([status, stdout]).toEqual(['failed', 'nobody listens\n'])
  })

  test('H27: a script that reads what it prints, and gives orders to itself, harms itself only', async () => {
    const source = `${FORGE}
tell('control', b'signal USR9\\nsignal\\n\\xff\\xfe\\n' * 50)
tell('deadline', b'\\xff\\xfe\\nx\\n' * 50)
tell('go', b'run\\n' * 100)
fd = os.open('/rgrid/stdout', os.O_RDONLY | os.O_NONBLOCK)
for _ in range(50):
    print('x' * 100, flush=True)
    try: os.read(fd, 50)
    except BlockingIOError: pass
time.sleep(0.5)
os._exit(5)
`
    const { exitCode } = await stage.run(source, { cpus: 1 })

    expect(exitCode).toBe(5)
  })

  test('H27: a deadline that a script gives itself is not heard', async () => {
    const source = `${FORGE}tell('deadline', b'1\\n')\ntime.sleep(3)\nos._exit(5)`

    const { exitCode } = await stage.run(source, { cpus: 1 })

    expect(exitCode).toBe(5)
  })

  test('H43: nothing is open but the streams, and the control directory is not to be changed', async () => {
    const source = `
import os
for fd in range(3, 256):
    try: os.fstat(fd); print('open', fd)
    except OSError: pass
for name in sorted(os.listdir('/rgrid')):
    for action in (lambda: os.unlink('/rgrid/' + name), lambda: os.chmod('/rgrid/' + name, 0o777),
                   lambda: os.rename('/rgrid/' + name, '/rgrid/x'), lambda: open('/rgrid/result', 'w')):
        try: action(); print('done', name)
        except OSError: pass
for name in ('boot', 'launch', 'call', 'interpreter', 'interpreter.py', 'hosts', 'resolv.conf'):
    try: open('/rgrid/' + name, 'a'); print('written', name)
    except OSError: pass
`
    const { exitCode, stdout } = await stage.run(source, { cpus: 1 })

    expect([exitCode, stdout]).toEqual([0, ''])
  })
})
