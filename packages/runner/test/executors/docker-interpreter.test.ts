import { describe, expect, it } from 'vitest'
import type { ContractContext } from './contract/contract-context.js'
import { runScript, startScript, waitForText, within, type LaunchOptions } from './contract/start-script.js'
import { createTestExecutor, requireDocker } from './require-docker.js'

type OnTestFinished = ContractContext['onTestFinished']

const createContext = (onTestFinished: OnTestFinished): ContractContext => ({
  onTestFinished,
  create: (instance, directory) => createTestExecutor(instance, directory),
  countLeft: () => Promise.resolve(0),
})

// Names like this one are read by Python at its start, so that one that has been started already will not do.
const FRESH = { PYTHON_IS_FRESH: 'yes' }
const COMMAND = `open('/proc/self/cmdline').read().split(chr(0))`

const hideAddresses = (bytes: Buffer): string => bytes.toString('latin1').replaceAll(/0x[\da-f]{6,}/g, '0x')

/** Runs a script in an interpreter that waited, and in one that was started for it. */
async function runBoth(onTestFinished: OnTestFinished, source: string, options: LaunchOptions = {}) {
  const context = createContext(onTestFinished)
  const run = async (env: Record<string, string>) => {
    const { exit, stdout, stderr } = await runScript(context, source, {
      ...options,
      env: { ...options.env, ...env },
    })
    const { cause, exitCode, signal } = exit
    return { cause, exitCode, signal, stdout: hideAddresses(stdout), stderr: stderr.toString('latin1') }
  }
  const [waited, fresh] = await Promise.all([run({}), run(FRESH)])
  return { waited, fresh }
}

const SAME: readonly (readonly [string, string, LaunchOptions?])[] = [
  ['its arguments', 'import sys; print(sys.argv, sys.orig_argv)', { args: ['', 'a b', "it's", 'é\n', '-x'] }],
  ['its place', 'import os, sys; print(__file__, os.getcwd(), sys.path)', { script: 'a folder/inner/x.py' }],
  [
    'its environment',
    `import os, subprocess
hidden = ('PYTHON_IS_FRESH', 'RGRID_EXECUTION_ID')
print(sorted(pair for pair in os.environb.items() if os.fsdecode(pair[0]) not in hidden))
told = subprocess.run(['env'], capture_output=True).stdout.split(b'\\n')
print(sorted(line for line in told if not line.startswith((b'PYTHON_IS', b'RGRID_EXE', b'_='))))`,
    { env: { PLAIN: 'a=b\n c', EMPTY: '', IFS: ',', UNICODE: 'é✓' } },
  ],
  ['its names', 'print({name: str(value) for name, value in sorted(globals().items())})'],
  [
    'its docstring',
    '"""What it does."""\nprint(__doc__, __annotations__)\nx: int = 1\nprint(__annotations__)',
  ],
  ['its modules', 'import sys; print(sorted(sys.modules), sys.modules["__main__"].__dict__ is globals())'],
  ['its flags', 'import sys; print(sys.flags, sys._xoptions, sys.warnoptions, sys.executable, sys.prefix)'],
  [
    'its caches',
    'import sys; print(sorted(path for path in sys.path_importer_cache if path[1:5] in ("rgri", "work")))',
  ],
  [
    'its streams',
    `import os, sys, stat
for stream in (sys.stdin, sys.stdout, sys.stderr):
    print(stream.name, stream.encoding, stream.errors, stream.seekable(), stream.isatty(), stream.line_buffering)
    print(stat.S_IFMT(os.fstat(stream.fileno()).st_mode))
print(sorted(os.listdir('/proc/self/fd')), sys.stdin.read())`,
  ],
  [
    'its streams as files',
    `import fcntl, os
print([fcntl.fcntl(fd, fcntl.F_GETFL) & os.O_ACCMODE for fd in (0, 1, 2)], [os.get_inheritable(fd) for fd in (0, 1, 2)])`,
  ],
  [
    'its signals',
    'import signal; print([(int(s), str(signal.getsignal(s))) for s in sorted(signal.valid_signals())])',
  ],
  [
    'the signals of its children',
    // Not SigQ, which counts what waits for all processes of the user, in other containers too.
    'import subprocess; print(subprocess.run(["grep", "Sig[^Q]", "/proc/self/status"], capture_output=True).stdout)',
  ],
  [
    'a module beside it',
    'import os\nwith open("beside.py", "w") as file: file.write("print(__name__)")\nimport beside\nprint(beside.__file__, beside.__cached__)',
  ],
  ['a failure', 'def inner():\n    return 1 / 0\n\ninner()'],
  [
    'a failure with a cause',
    'try:\n    {}["x"]\nexcept KeyError as error:\n    raise ValueError("y") from error',
  ],
  ['a group of failures', 'raise Exception("outer", [ValueError(1)])'],
  ['a failure that is not there any more', 'print("broken"\n'],
  ['a wrong encoding', '# coding: nonsense\nprint(1)'],
  ['an old encoding', '# coding: latin-1\nprint(ascii("\xe9"))'],
  ['a hook for failures', 'import sys\nsys.excepthook = lambda *told: print(told, told[2].tb_lineno)\n1 / 0'],
  [
    'what a hook finds',
    'import atexit, sys\natexit.register(lambda: print(sys.last_type, sys.last_traceback.tb_lineno, sys.excepthook))\n1 / 0',
  ],
  ['sys.exit()', 'import sys; sys.exit()'],
  ['sys.exit(3)', 'import sys; sys.exit(3)'],
  ['sys.exit(text)', 'import sys; sys.exit("no such file")'],
  ['sys.exit(300)', 'import sys; sys.exit(300)'],
  ['os._exit', 'import os; os._exit(9)'],
  ['KeyboardInterrupt', 'raise KeyboardInterrupt'],
  ['a NUL in it', 'print(1)\0'],
  ['GeneratorExit', 'raise GeneratorExit'],
  ['SIGINT', 'import os, signal, time; os.kill(os.getpid(), signal.SIGINT); time.sleep(5)'],
  ['SIGTERM', 'import os, signal, time; os.kill(os.getpid(), signal.SIGTERM); time.sleep(5)'],
  ['SIGKILL', 'import os, signal; os.kill(os.getpid(), signal.SIGKILL)'],
  ['abort', 'import os; os.abort()'],
  [
    'threads that go on',
    'import threading, time\nthreading.Thread(target=lambda: (time.sleep(0.2), print("late"))).start()\nprint("end")',
  ],
  ['atexit', 'import atexit; atexit.register(print, "bye"); print("end")'],
  ['the end of its names', 'class Late:\n    def __del__(self): print("deleted", __name__)\nlate = Late()'],
  [
    'output without an end of line',
    'import sys; sys.stdout.write("a"); sys.stderr.write("b"); sys.stdout.buffer.write(b"\\xff\\0")',
  ],
  ['closed output', 'import os; os.close(1); os.write(2, b"x")'],
  [
    'processes of its own, started anew',
    `import multiprocessing
def work(value): return value * 2, __name__
if __name__ == '__main__':
    with multiprocessing.get_context('spawn').Pool(2) as pool: print(pool.map(work, [1, 2]))`,
    { resources: { memoryMib: 256, pids: 128 } },
  ],
  ['pickling', 'import pickle\nclass Thing: pass\nprint(pickle.dumps(Thing()))'],
  ['its source', 'import inspect\ndef f():\n    return 1\nprint(inspect.getsource(f), inspect.getfile(f))'],
  ['a warning', 'import warnings; warnings.warn("old", DeprecationWarning); warnings.warn("mind")'],
  ['an empty script', ''],
]

describe.skipIf(!(await requireDocker()))('a waiting interpreter', () => {
  it.for(SAME)('is to a script what a fresh one is: %s', async ([, source, options], { onTestFinished }) => {
    const { waited, fresh } = await runBoth(onTestFinished, source, options)

    expect(waited).toEqual(fresh)
  })

  it('runs what it can', async ({ onTestFinished }) => {
    const { waited, fresh } = await runBoth(onTestFinished, `print(${COMMAND})`)

    expect(waited.stdout).toContain('/rgrid/interpreter.py')
    expect(fresh.stdout).not.toContain('/rgrid/interpreter.py')
  })

  it.for<readonly [string, LaunchOptions]>([
    ['a script of another name', { script: 'script' }],
    ['what Python reads early', { env: { PYTHONHASHSEED: '0' } }],
    ['a language', { env: { LC_ALL: 'C' } }],
    ['a library to load first', { env: { LD_PRELOAD: '' } }],
    ['another home', { env: { HOME: '/work' } }],
    ['another path', { env: { PATH: '/usr/bin' } }],
    ['a time zone', { env: { TZ: 'Asia/Tokyo' } }],
  ])('leaves %s to a fresh one', async ([, options], { onTestFinished }) => {
    const { exit, stdout, stderr } = await runScript(
      createContext(onTestFinished),
      `print(${COMMAND})`,
      options,
    )

    expect(stderr.toString()).toBe('')
    expect(exit).toMatchObject({ cause: 'exit', exitCode: 0 })
    expect(stdout.toString()).not.toContain('/rgrid/interpreter.py')
  })

  it('hears SIGTERM', async ({ onTestFinished }) => {
    const script = await startScript(
      createContext(onTestFinished),
      `import signal, sys, time
signal.signal(signal.SIGTERM, lambda *_: sys.exit(7))
print('here', flush=True)
time.sleep(30)`,
    )
    await waitForText(script.running.stdout, 'here')
    await script.running.signal('SIGTERM')

    expect(await within(5_000, 'the script has ended', script.running.exit)).toMatchObject({ exitCode: 7 })
  })
})
