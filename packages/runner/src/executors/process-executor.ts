import type { Runtime } from '@rgrid/protocol'
import { spawn, type ChildProcess } from 'node:child_process'
import { once } from 'node:events'
import { setTimeout as sleep } from 'node:timers/promises'
import { onExit } from 'signal-exit'
import { StartError, type Executor, type Exit, type Launch, type Running } from './executor.js'
import { findCommands } from './process/find-commands.js'
import { findMarked, sendSignal } from './process/process-table.js'
import { createScriptEnv } from './process/script-env.js'
import { sampleUsage } from './process/usage-sampler.js'

/** How a process executor is made. */
export interface ProcessExecutorOptions {
  /** Marks the processes of one runner, so that {@link Executor.sweep} finds what a killed one left. */
  readonly instance: string
}

// How long output may still come after the script's end before whoever holds the pipes is killed, then cut off.
const DRAIN_MS = 100
const CUT_OFF_MS = 1_000

type Child = ChildProcess & Pick<Running, 'stdout' | 'stderr'> & { readonly pid: number }

/**
 * Runs scripts as plain processes of this machine, without any isolation: for your own scripts. Each gets a process
 * group of its own; at its end everything that it started and left behind is killed.
 */
export function createProcessExecutor({ instance }: ProcessExecutorOptions): Executor {
  const marks = { RGRID_INSTANCE: instance }
  const groups = new Set<number>()
  let commands: Promise<Map<Runtime, string>> | undefined
  const forget = onExit(() => {
    for (const group of groups) sendSignal(-group, 'SIGKILL')
  })

  const start = async (launch: Launch): Promise<Running> => {
    const command = (await (commands ??= findCommands())).get(launch.runtime)
    if (command === undefined)
      throw new StartError('internal', `this machine has no program for the runtime ${launch.runtime}`)
    const startedAt = process.hrtime.bigint()
    const child = await spawnScript(command, launch, createScriptEnv(launch, marks))
    groups.add(child.pid)
    const marker = `RGRID_EXECUTION_ID=${launch.executionId}`
    const exit = waitForExit(child, startedAt)
    void exit.then(() => endStreams(child, marker))
    return {
      stdout: child.stdout,
      stderr: child.stderr,
      exit,
      async signal(name) {
        if (child.exitCode !== null || child.signalCode !== null) return
        if (name === 'SIGTERM') sendSignal(child.pid, name)
        else killTree(child.pid, marker)
      },
      async release() {
        killTree(child.pid, marker)
        groups.delete(child.pid)
      },
    }
  }

  return {
    name: 'process',
    async listRuntimes() {
      return [...(await (commands ??= findCommands())).keys()]
    },
    start,
    async sweep() {
      for (const pid of findMarked(`RGRID_INSTANCE=${instance}`)) sendSignal(pid, 'SIGKILL')
    },
    async close() {
      forget()
    },
  }
}

async function spawnScript(
  command: string,
  { script, args, workDir }: Launch,
  env: Record<string, string>,
): Promise<Child> {
  try {
    const child = spawn(command, [...toWords(script), ...args], {
      cwd: workDir,
      env,
      detached: true,
      stdio: ['ignore', 'pipe', 'pipe'],
    })
    if (child.pid === undefined) throw (await once(child, 'error'))[0]
    return child as Child
  } catch (error) {
    throw new StartError('internal', `${command} could not be started: ${String(error)}`, { cause: error })
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
