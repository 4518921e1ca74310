import { isKnownRuntime } from '@rgrid/protocol'
import { randomUUID } from 'node:crypto'
import { CACHE, TEST_RUNTIMES } from './require-docker.js'
import { describe, expect, it } from 'vitest'
import { createProcessExecutor } from '../../src/executors/process-executor.js'
import { findMarked, sendSignal } from '../../src/executors/process/process-table.js'
import type { ContractContext } from './contract/contract-context.js'
import * as end from './contract/end-cases.js'
import * as launch from './contract/launch-cases.js'
import * as output from './contract/output-cases.js'
import {
  dropUnread,
  mapChunks,
  slurp,
  withEndlessStreams,
  withEnvironments,
  withExit,
  withExitAtStreamEnd,
  withLateExit,
  withLaunch,
  withOffers,
  withPlace,
  withPlainErrors,
  withRequest,
  withRunning,
  withShell,
  withStdout,
  withStreamsInTurn,
  type Mutate,
} from './contract/mutants.js'
import { CONTRACT } from './executor-contract.js'

type Check = (context: ContractContext) => Promise<void>

// Daemons of the script are no longer known as its own.
const forgetDaemons = withShell('unset RGRID_EXECUTION_ID; exec "$@"')

const MUTANTS: readonly [string, Check, Mutate][] = [
  [
    'trims arguments',
    launch.checkArguments,
    withLaunch((given) => ({ ...given, args: given.args.map((arg) => arg.trim()) })),
  ],
  [
    'drops empty arguments',
    launch.checkArguments,
    withLaunch((given) => ({ ...given, args: given.args.filter((arg) => arg !== '') })),
  ],
  ['lets a shell split arguments', launch.checkArguments, withShell('exec $*')],
  ['drops empty values', launch.checkEnvironment, withEnv((env) => env.filter(([, value]) => value !== ''))],
  [
    'cuts values at a line',
    launch.checkEnvironment,
    withEnv((env) => env.map(([name, value]) => [name, value.split('\n')[0] ?? ''])),
  ],
  [
    'cuts long values',
    launch.checkLongText,
    withEnv((env) => env.map(([name, value]) => [name, value.slice(0, 50_000)])),
  ],
  ['tells no identity', launch.checkIdentity, withShell('unset RGRID_ATTEMPT; exec "$@"')],
  ['does not wait for leave', launch.checkPermission, withLaunch(({ mayStart: _, ...given }) => given)],
  [
    'starts without leave',
    launch.checkRefusal,
    withLaunch((given) => ({ ...given, mayStart: Promise.resolve(given.mayStart).catch(() => undefined) })),
  ],
  [
    "passes on the runner's environment",
    launch.checkNoLeak,
    withLaunch((given) => ({ ...given, env: { CANARY: process.env['CANARY'] ?? '' } })),
  ],
  [
    'calls the script by its absolute path',
    launch.checkWorkingDirectory,
    withLaunch((given, { workDir }) => ({ ...given, script: `${workDir}/${given.script}` })),
  ],
  ['starts elsewhere', launch.checkWorkingDirectory, withShell('mkdir -p x; cp -r [!x]* x; cd x; exec "$@"')],
  [
    'works on a copy',
    launch.checkFiles,
    withShell(
      'cp -r . /tmp/$RGRID_EXECUTION_ID; cd /tmp/$RGRID_EXECUTION_ID; "$@"; code=$?; rm -r "$PWD"; exit $code',
    ),
  ],
  ['loses links', launch.checkLinks, withShell('rm links/latest; exec "$@"')],
  ['keeps standard input open', launch.checkStdin, withShell('exec "$@" < <(sleep 25)')],
  ['writes to standard input', launch.checkStdin, withShell('echo | "$@"')],
  ['gives no standard input', launch.checkStdinFile, withLaunch(({ stdin: _, ...given }) => given)],
  ['pipes standard input', launch.checkStdinFile, withShell('exec "$@" < <(cat)')],
  ['buffers output', launch.checkUnbuffered, withShell('unset PYTHONUNBUFFERED; exec "$@"')],
  ['runs bash scripts with sh', launch.checkBash, withShell('shift; exec sh "$@"')],
  [
    'runs other runtimes with a shell',
    launch.checkOwnRuntime,
    withRequest((given) => ({ ...given, runtime: 'bash' })),
  ],
  [
    'offers known runtimes alone',
    launch.checkOwnRuntime,
    withOffers((offer) => ({ ...offer, runtimes: offer.runtimes.filter((name) => isKnownRuntime(name)) })),
  ],
  [
    'says nothing of what chooses a runtime',
    launch.checkOwnRuntime,
    withOffers((offer) => ({ ...offer, details: {} })),
  ],
  [
    'runs a script in something else than it says',
    launch.checkEnvironments,
    withRequest((given) => ({ ...given, runtime: 'python' })),
  ],
  ['names every place', launch.checkEnvironments, withPlace(() => ({ environment: randomUUID() }))],
  [
    'names all runtimes alike',
    launch.checkEnvironments,
    (executor) =>
      withPlace(() => ({ environment: 'process' }))(
        withEnvironments((runtimes) =>
          Object.fromEntries(Object.keys(runtimes).map((runtime) => [runtime, 'process'])),
        )(executor),
      ),
  ],
  ['lists nothing that scripts run in', launch.checkEnvironments, withEnvironments(() => ({}))],
  [
    'lists what is not there',
    launch.checkEnvironments,
    withEnvironments((runtimes) => ({ ...runtimes, ruby: 'process' })),
  ],
  ['throws a plain error', launch.checkMissingRuntime, withPlainErrors],
  [
    'starts something else',
    launch.checkMissingRuntime,
    withRequest((given) => ({ ...given, runtime: 'python' })),
  ],

  [
    'decodes bytes as text',
    output.checkExactBytes,
    withStdout(mapChunks((chunk) => Buffer.from(chunk.toString()))),
  ],
  [
    'swaps the streams',
    output.checkExactBytes,
    withRunning(({ stdout, stderr }) => ({ stdout: stderr, stderr: stdout })),
  ],
  ['cuts long output', output.checkMuchOutput, withShell('set -o pipefail; "$@" | head -c 4M')],
  ['buffers without end', output.checkPausedReader, withStdout(slurp)],
  ['drops what is not read', output.checkPausedReader, withStdout(dropUnread)],
  ['drops what is read late', output.checkLateReader, withStdout(dropUnread)],
  ['passes on the streams in turn', output.checkIndependentStreams, withStreamsInTurn],
  ['takes the end of a stream for the end', output.checkClosedStdout, withExitAtStreamEnd],
  ['waits for children', output.checkLeftoverChild, withLateExit],
  ['leaves streams open', output.checkLeftoverChild, withEndlessStreams],

  ['reports success always', end.checkExitCodes, withExit(() => ({ exitCode: 0 }))],
  ['keeps seven bits', end.checkExitCodes, withExit(({ exitCode }) => ({ exitCode: (exitCode ?? 0) & 127 }))],
  [
    'reports signals as codes',
    end.checkSignalDeath,
    withExit(() => ({ cause: 'exit', signal: null, exitCode: 137 })),
  ],
  [
    'kills in place of SIGTERM',
    end.checkSigterm,
    withRunning(({ signal }) => ({ signal: () => signal('SIGKILL') })),
  ],
  [
    'sends no SIGTERM',
    end.checkSigterm,
    withRunning(({ signal }) => ({
      signal: async (name) => (name === 'SIGTERM' ? undefined : signal(name)),
    })),
  ],
  ['kills the script alone', end.checkSigkill, forgetDaemons],
  [
    'refuses late signals',
    end.checkLateSignal,
    withRunning(({ exit, signal }) => ({
      signal: async (name) => ((await hasSettled(exit)) ? Promise.reject(new Error('gone')) : signal(name)),
    })),
  ],
  ['leaves daemons behind', end.checkRelease, forgetDaemons],
  ['releases nothing', end.checkRelease, withPlace(() => ({ remove: async () => undefined }))],
  ['sweeps nothing', end.checkSweep, (executor) => ({ ...executor, sweep: async () => true })],
  ['sweeps everything', end.checkSweep, (executor) => ({ ...executor, sweep: sweepAll })],
  ['measures nothing', end.checkUsage, withUsage({ cpuSeconds: null, peakMemoryBytes: null })],
  ['measures no processor', end.checkUsage, withUsage({ cpuSeconds: 0 })],
  ['counts memory in KiB', end.checkUsage, withUsage({ peakMemoryBytes: 60_000 })],
  ['counts time in seconds', end.checkUsage, withUsage({ wallMs: 0.5 })],
  ['limits nothing', end.checkOutOfMemory, (executor) => executor],
]

function withEnv(change: (env: [string, string][]) => [string, string][]): Mutate {
  return withLaunch((given) => ({ ...given, env: Object.fromEntries(change(Object.entries(given.env))) }))
}

function withUsage(wrong: object): Mutate {
  return withExit(({ usage }) => ({ usage: { ...usage, ...wrong } }))
}

const hasSettled = (promise: Promise<unknown>): Promise<boolean> =>
  Promise.race([promise.then(() => true), new Promise<boolean>((resolve) => setImmediate(resolve, false))])

async function sweepAll(): Promise<boolean> {
  for (const instance of instances)
    for (const pid of findMarked(`RGRID_INSTANCE=${instance}`)) sendSignal(pid, 'SIGKILL')
  return true
}

const instances = new Set<string>()

const createContext = (
  mutate: Mutate,
  onTestFinished: ContractContext['onTestFinished'],
): ContractContext => ({
  onTestFinished,
  create(instance, workDirectory) {
    instances.add(instance)
    return mutate(
      createProcessExecutor({ instance, workDirectory, cacheDirectory: CACHE, runtimes: TEST_RUNTIMES }),
    )
  },
  countLeft: async (instance) => findMarked(`RGRID_INSTANCE=${instance}`).length,
})

describe('the executor contract', () => {
  it('has a broken executor against every case', () => {
    const proven = new Set(MUTANTS.map(([, check]) => check))

    expect(CONTRACT.filter(({ check }) => !proven.has(check)).map(({ title }) => title)).toEqual([])
  })

  for (const [what, check, mutate] of MUTANTS)
    it.concurrent(`refuses an executor that ${what}`, async ({ onTestFinished }) => {
      const error: unknown = await check(createContext(mutate, onTestFinished)).catch(
        (reason: unknown) => reason,
      )

      // Anything else would be a broken test, not a broken promise.
      expect(String(error)).toMatch(/^AssertionError: |^Error: not true within /)
    })
})
