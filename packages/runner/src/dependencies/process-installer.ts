import type { Runtime } from '@rgrid/protocol'
import { spawn } from 'node:child_process'
import { mkdir } from 'node:fs/promises'
import { delimiter, dirname, join } from 'node:path'
import { onExit } from 'signal-exit'
import { InstallError, StartError, type Layer } from '../executors/executor.js'
import { findMarked, sendSignal } from '../executors/process/process-table.js'
import { writeControlFiles } from './control-files.js'
import { createCredentialMask } from './credential-mask.js'
import { describeFailure } from './describe-failure.js'
import { findUv } from './find-uv.js'
import { readInstallEnv, type InstallEnv } from './install-env.js'
import { createInstallLimits } from './install-limits.js'
import { createInstallOutput } from './install-output.js'
import type { Installer, InstallJob } from './installer.js'
import { identifyInterpreter } from './interpreter.js'

/** How a process installer is made. */
export interface ProcessInstallerOptions {
  readonly instance: string
  /** Finds the program of this machine that packages for a runtime are installed for; throws where there is none. */
  readonly findProgram: (runtime: Runtime, kind: Layer['kind']) => Promise<string>
  /** @default read from the runner's environment, see {@link readInstallEnv} */
  readonly env?: InstallEnv
  /** The runner's own uv, or `null` for none. @default found by `RGRID_UV` or on the PATH */
  readonly uv?: string | null
  /** @default 10 minutes */
  readonly timeoutMs?: number
  /** What an installation may write. @default 8192 */
  readonly diskMib?: number
}

/** What an installer on this machine is started as. */
interface Invocation {
  readonly script: string
  readonly env: NodeJS.ProcessEnv
  /** By this its processes are found, wherever they have gone. */
  readonly marker: string
}

const MARKER = 'RGRID_INSTALLER'
// What a compiler that an installer may call needs of the machine; all else of the runner's stays with it.
const KEPT = new Set(['USER', 'LOGNAME', 'SHELL', 'LANG', 'TZ'])

/**
 * Runs installers as plain processes of this machine, without any isolation, for scripts that run in the same way.
 * They have none of the runner's environment but where programs are, and what is configured for installers.
 */
export function createProcessInstaller(options: ProcessInstallerOptions): Installer {
  const { instance, findProgram } = options

  const prepare = async (job: InstallJob, env: InstallEnv): Promise<Invocation> => {
    const { specification, directory, cacheDirectory: cache } = job
    const isPython = specification.kind === 'python'
    const command = await findProgram(job.runtime, specification.kind)
    const { program } = await identifyInterpreter(specification.kind, command)
    const uv = options.uv === undefined ? await findUv() : (options.uv ?? undefined)
    const deps = join(directory, 'deps')
    const control = join(directory, 'control')
    const scratch = join(directory, 'scratch')
    await mkdir(scratch)
    const paths = {
      deps,
      cache,
      scratch,
      spec: join(control, 'spec'),
      npm: 'npm',
      uv: uv === undefined ? [] : [uv],
    }
    const request = { specification, env, user: undefined, target: undefined }
    await writeControlFiles(control, {
      ...request,
      paths: { ...paths, python: isPython ? program : 'python3' },
    })
    const kept = Object.entries(process.env).filter(([name]) => KEPT.has(name))
    const path = [dirname(program), process.env['PATH'] ?? '/usr/bin:/bin'].join(delimiter)
    return {
      script: join(control, 'install'),
      env: { ...Object.fromEntries(kept), PATH: path, [MARKER]: instance, RGRID_INSTALLATION: job.name },
      marker: `RGRID_INSTALLATION=${job.name}`,
    }
  }

  return {
    instance,
    outlivesDirectory: false,
    async run(job) {
      job.signal.throwIfAborted()
      const env = options.env ?? readInstallEnv()
      const output = createInstallOutput(createCredentialMask(env), job.onLine)
      const invocation = await prepare(job, env)
      const limits = createInstallLimits(job, options)
      const signal = AbortSignal.any([job.signal, limits.signal])
      const running = runToEnd(invocation, signal, (chunk) => output.write(chunk))
      const exitCode = await running
        .then(async (code) => {
          if (code === 0) await limits.look()
          return code
        })
        .finally(() => limits.stop())
      job.signal.throwIfAborted()
      if (exitCode === 0 && limits.explain() === undefined) return
      const text = output.end()
      throw new InstallError(
        limits.explain() ?? describeFailure(job.specification.kind, text.toString(), exitCode),
        text,
      )
    },
    async sweep() {
      for (const pid of findMarked(`${MARKER}=${instance}`)) sendSignal(pid, 'SIGKILL')
      return true
    },
  }
}

/** Runs an installer, and kills it with all that it started when the signal aborts, or it has ended. */
async function runToEnd(
  { script, env, marker }: Invocation,
  signal: AbortSignal,
  onOutput: (chunk: Buffer) => void,
): Promise<number | null> {
  const child = spawn('/bin/sh', [script], { env, detached: true, stdio: ['ignore', 'pipe', 'ignore'] })
  const kill = (): void => {
    if (child.pid === undefined) return
    sendSignal(-child.pid, 'SIGKILL')
    for (const pid of findMarked(marker, child.pid)) sendSignal(pid, 'SIGKILL')
  }
  const forget = onExit(kill)
  child.stdout.on('data', onOutput)
  signal.addEventListener('abort', kill)
  try {
    if (signal.aborted) kill()
    return await new Promise((resolve, reject) => {
      child.once('error', (error) => {
        reject(
          new StartError('internal', `no installer could be started: ${String(error)}`, { cause: error }),
        )
      })
      child.once('exit', () => kill())
      child.once('close', resolve)
    })
  } finally {
    signal.removeEventListener('abort', kill)
    forget()
  }
}
