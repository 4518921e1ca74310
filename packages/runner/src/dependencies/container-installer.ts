import type Docker from 'dockerode'
import type { Container, ContainerInfo } from 'dockerode'
import { chmod, lchown, mkdir } from 'node:fs/promises'
import { join } from 'node:path'
import { attachOutput } from '../executors/docker/attach-output.js'
import { getContainerUser, handOver } from '../executors/docker/container-user.js'
import type { EngineAddress } from '../executors/docker/engine-address.js'
import { describeEngineError, getEngineStatus, isEngineStatus } from '../executors/docker/engine-error.js'
import { readProcesses } from '../executors/docker/list-processes.js'
import { removeContainer } from '../executors/docker/remove-container.js'
import { removeLeft } from '../executors/docker/remove-left.js'
import { waitForEnd, type ContainerEnd } from '../executors/docker/wait-for-end.js'
import { InstallError, StartError } from '../executors/executor.js'
import { SILENT, type Logger } from '../logger.js'
import { writeControlFiles } from './control-files.js'
import { createCredentialMask } from './credential-mask.js'
import { describeFailure } from './describe-failure.js'
import { findUv } from './find-uv.js'
import { readInstallEnv, type InstallEnv } from './install-env.js'
import { createInstallLimits, type LimitOptions } from './install-limits.js'
import { createInstallOutput } from './install-output.js'
import { createInstallerOptions, INSTALLER_LABEL, TARGETS } from './installer-container.js'
import type { Installer, InstallJob } from './installer.js'

/** How a container installer is made. */
export interface ContainerInstallerOptions {
  readonly instance: string
  /** Is called when there is something to install, not before. */
  readonly connect: () => Promise<Docker>
  /** Where given, a sweep asks the engine there whether it left anything, and connects only then. */
  readonly address?: EngineAddress
  /** @default read from the runner's environment, see {@link readInstallEnv} */
  readonly env?: InstallEnv
  /** The runner's own uv, or `null` for none. @default found by `RGRID_UV` or on the PATH */
  readonly uv?: string | null
  /** @default 10 minutes */
  readonly timeoutMs?: number
  /** @default 2048 */
  readonly memoryMib?: number
  /** What an installation may write. @default 8192 */
  readonly diskMib?: number
  /** @default 512 */
  readonly pids?: number
  /** @default 'bridge' */
  readonly network?: string
  /** The engine's runtime, such as `runsc`. @default the engine's default */
  readonly engineRuntime?: string
  /** @default says nothing */
  readonly logger?: Logger
}

/**
 * Runs installers in containers of the image that the packages are for, so that they fit it. Such a container is as
 * closed as one of a script, but has a network; it sees the specification and the install environment, never the
 * script, its files or its secrets.
 */
export function createContainerInstaller(options: ContainerInstallerOptions): Installer {
  const { instance, connect, memoryMib = 2048, pids = 512, network = 'bridge' } = options
  const { address, logger = SILENT } = options
  const user = getContainerUser()
  const inUse = new Set<string>()

  const create = async (job: InstallJob, env: InstallEnv): Promise<Container> => {
    const uv = options.uv === undefined ? await findUv() : (options.uv ?? undefined)
    const sources = {
      deps: join(job.directory, 'deps'),
      control: join(job.directory, 'control'),
      scratch: join(job.directory, 'scratch'),
      cache: job.cacheDirectory,
    }
    await mkdir(sources.scratch)
    // Not what is in the cache: it is the container user's already, and much.
    for (const directory of [sources.deps, sources.scratch]) await handOver(directory, user)
    await giveDirectory(sources.cache, user)
    const paths = { ...TARGETS, spec: `${TARGETS.control}/spec`, python: 'python3', npm: 'npm' }
    await writeControlFiles(sources.control, {
      specification: job.specification,
      env,
      paths: { ...paths, uv: ['uv', ...(uv === undefined ? [] : [TARGETS.uv])] },
      user,
      target: TARGETS.control,
    })
    const { engineRuntime } = options
    const name = toContainerName(job)
    const setup = { name, instance, image: job.base, user, sources, uv, memoryMib, pids, network }
    return (await connect()).createContainer(createInstallerOptions({ ...setup, engineRuntime }))
  }

  return {
    instance,
    outlivesDirectory: true,
    async run(job) {
      job.signal.throwIfAborted()
      const env = options.env ?? readInstallEnv()
      const mask = createCredentialMask(env)
      let container: Container | undefined
      // Before it is there: a sweep may see it sooner than the engine's answer arrives.
      inUse.add(toContainerName(job))
      try {
        container = await create(job, env)
        await follow(container, job, { ...options, mask, memoryMib })
      } catch (error) {
        if (error instanceof StartError || job.signal.aborted) throw error
        throw toStartError(error, mask)
      } finally {
        // One that is not removed here, or was made without an answer, is left to the next sweep.
        if (container !== undefined)
          await removeContainer(container).catch((error: unknown) => logger.warn(mask(String(error))))
        inUse.delete(toContainerName(job))
      }
    },
    async sweep() {
      const label = `${INSTALLER_LABEL}=${instance}`
      const isInUse = ({ Names }: ContainerInfo): boolean =>
        Names.some((name) => inUse.has(name.replace(/^\//, '')))
      const { staying } = await removeLeft({ connect, address, label, isInUse, logger })
      return staying.length === 0
    },
  }
}

const toContainerName = ({ name }: InstallJob): string => `rgrid-install-${name}`

interface FollowOptions extends LimitOptions {
  readonly mask: (text: string) => string
  readonly memoryMib: number
}

/** Starts an installer and waits for its end; kills it when it takes too much, or nobody waits any more. */
async function follow(container: Container, job: InstallJob, options: FollowOptions): Promise<void> {
  const { mask, memoryMib } = options
  const output = createInstallOutput(mask, job.onLine)
  const attached = await attachOutput(container, 'stdout')
  attached.stream.on('data', (chunk: Buffer) => output.write(chunk))
  const closed = new Promise((resolve) => attached.stream.once('end', resolve))
  const listProcesses = (): readonly number[] | undefined => readProcesses(container.id)
  const limits = createInstallLimits(job, { ...options, listProcesses })
  const over = new AbortController()
  // One that the engine does not remove is not left running.
  const kill = (): void =>
    void removeContainer(container)
      .catch(() => container.kill())
      .catch(() => undefined)
  for (const signal of [limits.signal, job.signal])
    signal.addEventListener('abort', kill, { signal: over.signal })
  try {
    if (!job.signal.aborted) await start(container)
    const end = await waitForEnd(container)
    attached.endSoon()
    await closed
    job.signal.throwIfAborted()
    const text = output.end()
    if (end.state?.ExitCode === 0) {
      await limits.look()
      if (limits.explain() === undefined) return
    }
    throw new InstallError(limits.explain() ?? describeEnd(end, job, text.toString(), memoryMib), text)
  } finally {
    over.abort()
    limits.stop()
    attached.cut()
  }
}

async function start(container: Container): Promise<void> {
  try {
    await container.start()
  } catch (error) {
    // Without an answer it may have been started: the wait for its end finds out.
    if (getEngineStatus(error) === undefined) return
    const message = `the image cannot run an installer: ${describeEngineError(error)}`
    throw new StartError('dependency_install', message, { cause: error })
  }
}

function describeEnd(
  { outcome, state, hasEngineBroken }: ContainerEnd,
  { specification }: InstallJob,
  output: string,
  memoryMib: number,
): string {
  if (state === undefined || hasEngineBroken)
    throw new StartError('internal', `the installer was lost: the Docker engine says ${outcome}`)
  if (state.OOMKilled) return `the installation needed more than ${memoryMib} MiB of memory`
  return describeFailure(specification.kind, output, state.ExitCode)
}

function toStartError(error: unknown, mask: (text: string) => string): StartError {
  const reason = isEngineStatus(error, 404) ? 'image_pull' : 'internal'
  const message = `the installer could not be started: ${mask(describeEngineError(error))}`
  return new StartError(reason, message, { cause: error })
}

async function giveDirectory(directory: string, user: ReturnType<typeof getContainerUser>): Promise<void> {
  await chmod(directory, 0o755)
  if (user.isForeign) await lchown(directory, user.uid, user.gid)
}
