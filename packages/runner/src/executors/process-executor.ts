import { spawn, type ChildProcess } from 'node:child_process'
import { once } from 'node:events'
import { mkdir, open, rm, symlink, type FileHandle } from 'node:fs/promises'
import { delimiter, join } from 'node:path'
import { setTimeout as sleep } from 'node:timers/promises'
import { onExit } from 'signal-exit'
import { createDependencyStore } from '../dependencies/dependency-store.js'
import { getProcessUse } from '../dependencies/layer-use.js'
import { createProcessInstaller } from '../dependencies/process-installer.js'
import { SILENT, type Logger } from '../logger.js'
import {
  StartError,
  type Executor,
  type Exit,
  type Launch,
  type PlaceRequest,
  type Running,
} from './executor.js'
import { createInterpreters } from './process/create-interpreters.js'
import type { Command } from './process/find-commands.js'
import { findMarked, sendSignal } from './process/process-table.js'
import { createScriptEnv } from './process/script-env.js'
import { sampleUsage } from './process/usage-sampler.js'
import { DEFAULT_RUNTIMES, getEntry, type RuntimeEntry, type RuntimeTable } from './runtimes/runtime-table.js'

/** How a process executor is made. */
export interface ProcessExecutorOptions {
  /** Marks the processes of one runner, so that {@link Executor.sweep} finds what a killed one left. */
  readonly instance: string
  /** A directory of this executor's own, for the workspaces. */
  readonly workDirectory: string
  /** Where dependencies are kept; runners may share it. */
  readonly cacheDirectory: string
  /** What runtimes there are beside the known ones, and what chooses them. @default `DEFAULT_RUNTIMES` */
  readonly runtimes?: RuntimeTable
  readonly logger?: Logger
}

// How long output may still come after the script's end before whoever holds the pipes is killed, then cut off.
const DRAIN_MS = 100
const CUT_OFF_MS = 1_000

type Child = ChildProcess & Pick<Running, 'stdout' | 'stderr'> & { readonly pid: number }

/** A script of this machine: what runs it, and where. */
interface Spawn {
  readonly command: Command
  readonly workDir: string
  readonly env: Record<string, string>
  readonly launch: Launch
}

/**
 * Runs scripts as plain processes of this machine, without any isolation: for your own scripts. Each gets a process
 * group of its own; at its end everything that it started and left behind is killed.
 */
export function createProcessExecutor(options: ProcessExecutorOptions): Executor {
  const { instance, workDirectory, runtimes = DEFAULT_RUNTIMES, logger = SILENT } = options
  const marks = { RGRID_INSTANCE: instance }
  const groups = new Set<number>()
  const live = new Set<string>()
  const interpreters = createInterpreters(runtimes)
  const forget = onExit(() => {
    for (const group of groups) sendSignal(-group, 'SIGKILL')
  })
  const dependencies = createDependencyStore({
    directory: join(options.cacheDirectory, 'dependencies', 'process'),
    installer: createProcessInstaller({
      instance,
      findProgram: (runtime, kind) => interpreters.findFor(runtime, kind),
    }),
    logger,
  })

  const start = async (job: Spawn, marker: string): Promise<[Child, Running]> => {
    const startedAt = process.hrtime.bigint()
    const child = await spawnScript(job)
    groups.add(child.pid)
    const exit = waitForExit(child, startedAt)
    void exit.then(() => endStreams(child, marker))
    const signal: Running['signal'] = async (name) => {
      if (child.exitCode !== null || child.signalCode !== null) return
      if (name === 'SIGTERM') sendSignal(child.pid, name)
      else killTree(child.pid, marker)
    }
    return [child, { stdout: child.stdout, stderr: child.stderr, exit, signal }]
  }

  return {
    name: 'process',
    async describe() {
      const found = await interpreters.list()
      const details = Object.fromEntries(
        [...found].map(([name, command]) => [name, describeRuntime(getEntry(runtimes, name), command)]),
      )
      const offer = { runtimes: [...found.keys()], details, resources: null, images: [] }
      return [{ executor: 'process', networks: ['bridge'], ...offer }]
    },
    async listEnvironments() {
      return { executor: 'process', runtimes: await interpreters.listNames(), images: {} }
    },
    // Nothing tells of a program that is replaced.
    watchEnvironments: () => () => undefined,
    async prepare(request) {
      const command = await interpreters.find(request.runtime)
      const environment = await interpreters.name(request.runtime)
      const home = join(workDirectory, `${request.executionId}.${request.attempt}`)
      const workDir = await createDirectories(home, request)
      const marker = `RGRID_EXECUTION_ID=${request.executionId}`
      const releaseLayer = request.layer === undefined ? undefined : dependencies.retain(request.layer)
      let child: Child | undefined
      live.add(marker)
      return {
        workDir,
        container: null,
        environment,
        async start(launch) {
          const env = createScriptEnv(launch.env, request, marks, withPath(request))
          await launch.mayStart
          const [started, running] = await start(
            { command: withLayer(command, request), workDir, env, launch },
            marker,
          )
          child = started
          return running
        },
        async remove() {
          if (child !== undefined) {
            killTree(child.pid, marker)
            groups.delete(child.pid)
          }
          live.delete(marker)
          releaseLayer?.()
          await rm(home, { recursive: true, force: true })
        },
      }
    },
    async install(request) {
      const kind = request.dependencies.kind === 'package' ? 'node' : 'python'
      return dependencies.ensure({ ...request, base: await interpreters.identify(request.runtime, kind) })
    },
    // What a script prints goes to the process that started it, and ends with that.
    findOrphans: async () => [],
    getPoolStats: () => undefined,
    async sweep() {
      const ours = new Set([...live].flatMap((marker) => findMarked(marker)))
      for (const pid of findMarked(`RGRID_INSTANCE=${instance}`))
        if (!ours.has(pid)) sendSignal(pid, 'SIGKILL')
      return dependencies.sweep()
    },
    async close() {
      await dependencies.close()
      forget()
    },
  }
}

const describeRuntime = ({ installer, extensions, programs }: RuntimeEntry, command: Command) => ({
  image: null,
  command: [...command],
  installer,
  extensions: [...extensions],
  programs: [...programs],
})

async function createDirectories(home: string, { layer }: PlaceRequest): Promise<string> {
  const workDir = join(home, 'work')
  await mkdir(workDir, { recursive: true })
  const link = layer === undefined ? undefined : getProcessUse(layer).link
  if (link !== undefined) await symlink(link.target, join(home, link.name))
  return workDir
}

function withLayer([program, ...args]: Command, { layer }: PlaceRequest): Command {
  return [(layer === undefined ? undefined : getProcessUse(layer).program) ?? program, ...args]
}

/** The runner's own environment, with the programs of the dependencies first. */
function withPath({ layer }: PlaceRequest): NodeJS.ProcessEnv {
  if (layer === undefined) return process.env
  const folders = [...getProcessUse(layer).pathFolders, process.env['PATH'] ?? '']
  return { ...process.env, PATH: folders.join(delimiter) }
}

async function spawnScript({ command, workDir, env, launch }: Spawn): Promise<Child> {
  const { script, args } = launch
  const [program, ...first] = command
  let stdin: FileHandle | undefined
  try {
    if (launch.stdin !== undefined) stdin = await open(join(workDir, launch.stdin))
    const child = spawn(program, [...first, ...toWords(script), ...args], {
      cwd: workDir,
      env,
      detached: true,
      stdio: [stdin?.fd ?? 'ignore', 'pipe', 'pipe'],
    })
    if (child.pid === undefined) throw (await once(child, 'error'))[0]
    return child as Child
  } catch (error) {
    throw new StartError('internal', `${program} could not be started: ${String(error)}`, { cause: error })
  } finally {
    await stdin?.close()
  }
}

/** A script whose name looks like an option must not be taken for one. */
const toWords = (script: string): string[] => (script.startsWith('-') ? ['--', script] : [script])

async function waitForExit(child: Child, startedAt: bigint): Promise<Exit> {
  const sampler = sampleUsage(child.pid)
  const [code, signal] = await new Promise<[number | null, NodeJS.Signals | null]>((resolve) => {
    child.once('exit', (...end) => resolve(end))
  })
  const wallMs = Number(process.hrtime.bigint() - startedAt) / 1e6
  const usage = { wallMs, ...sampler.stop() }
  if (signal !== null) return { cause: 'signal', exitCode: null, signal, message: null, usage }
  return { cause: 'exit', exitCode: code, signal: null, message: null, usage }
}

/** A daemon that the script left behind may hold its streams open: it loses them, and its life. */
async function endStreams(child: Child, marker: string): Promise<void> {
  const streams = [child.stdout, child.stderr].filter((stream) => !stream.closed)
  const closed = Promise.all(streams.map((stream) => once(stream, 'close')))
  const isLate = async (ms: number): Promise<boolean> =>
    (await Promise.race([closed, sleep(ms, 'late' as const, { ref: false })])) === 'late'
  if (!(await isLate(DRAIN_MS))) return
  killTree(child.pid, marker)
  if (await isLate(CUT_OFF_MS)) for (const stream of streams) stream.destroy()
}

function killTree(pid: number, marker: string): void {
  sendSignal(-pid, 'SIGKILL')
  for (const member of findMarked(marker, pid)) sendSignal(member, 'SIGKILL')
}
