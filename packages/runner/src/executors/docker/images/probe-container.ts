import type Docker from 'dockerode'
import type { Container, ContainerCreateOptions } from 'dockerode'
import { randomUUID } from 'node:crypto'
import type { ContainerUser } from '../container-user.js'
import type { EngineAddress } from '../engine-address.js'
import { describeEngineError, isEngineStatus } from '../engine-error.js'
import { createFrameParser } from '../frame-parser.js'
import { bindPath, createHardenedOptions } from '../hardening.js'
import { removeContainer } from '../remove-container.js'
import type { Traces } from './traces.js'

/** What containers are made with that look at an image. */
export interface ProbeContext {
  readonly docker: Docker
  readonly address: EngineAddress
  readonly user: ContainerUser
  readonly traces: Traces
  readonly signal: AbortSignal
}

/** What is to run in an image. */
export interface Probe {
  /** The engine's id of the image. */
  readonly imageId: string
  readonly command: readonly string[]
  /** A directory of this machine, and where the container sees it. */
  readonly mount?: { readonly source: string; readonly target: string; readonly isReadOnly: boolean }
  readonly deadlineMs: number
}

/** What became of it. */
export interface ProbeEnd {
  readonly exitCode: number
  /** What it wrote to both outputs. */
  readonly output: string
}

/**
 * Marks the containers that look at images with the instance of their runner. Not by the label of those that run
 * scripts, as they have no directory by which a sweep could tell that they are at work.
 */
export const PROBE_LABEL = 'rgrid.probe'

// Longer than any of them runs.
const ABANDONED_SECONDS = 900
const MEMORY_MIB = 512
const PIDS = 64
const OPEN_FILES = 1024

/** Makes a container that is as hardened as those of scripts, and removes it when `use` is done with it. */
export async function withProbeContainer<T>(
  { docker, user, traces }: ProbeContext,
  probe: Probe,
  use: (container: Container) => Promise<T>,
): Promise<T> {
  const name = `rgrid-probe-${randomUUID()}`
  const labels = { [PROBE_LABEL]: traces.instance }
  // Before it is there: a sweep may see it sooner than the engine's answer arrives.
  traces.inUse.add(name)
  try {
    const container = await docker.createContainer({ name, ...createProbeOptions(probe, user, labels) })
    try {
      return await use(container)
    } finally {
      await removeContainer(container)
    }
  } finally {
    traces.inUse.delete(name)
  }
}

/**
 * Runs a command in an image to its end.
 *
 * @throws Error when the engine does not start it, when it takes too long, or when the signal aborts.
 */
export function runProbe(context: ProbeContext, probe: Probe): Promise<ProbeEnd> {
  return withProbeContainer(context, probe, async (container) => {
    await container.start()
    const abortSignal = AbortSignal.any([context.signal, AbortSignal.timeout(probe.deadlineMs)])
    const end: unknown = await container.wait({ abortSignal })
    const logs = await container.logs({ stdout: true, stderr: true, follow: false })
    const output = Buffer.concat(createFrameParser()(logs)).toString()
    return { exitCode: getExitCode(end), output }
  })
}

/** Removes what runners left long ago that nobody else clears up after, as they had another data directory. */
export async function removeAbandonedProbes(docker: Docker): Promise<void> {
  const found = await docker.listContainers({ all: true, filters: { label: [PROBE_LABEL] } })
  for (const { Id, Created } of found)
    if (Date.now() / 1000 - Created > ABANDONED_SECONDS) await removeContainer(docker.getContainer(Id))
}

/** Whether the engine says that an image is gone, and not a container that somebody removed. */
export const isImageGone = (error: unknown): boolean =>
  isEngineStatus(error, 404) && !/no such container/i.test(describeEngineError(error))

function getExitCode(end: unknown): number {
  if (typeof end === 'object' && end !== null && 'StatusCode' in end && typeof end.StatusCode === 'number')
    return end.StatusCode
  throw new Error('the engine did not say how a container ended')
}

function createProbeOptions(
  { imageId, command, mount }: Probe,
  user: ContainerUser,
  labels: Record<string, string>,
): ContainerCreateOptions {
  const mounts = mount === undefined ? [] : [bindPath(mount.source, mount.target, mount.isReadOnly)]
  const hardened = createHardenedOptions({
    user,
    memoryMib: MEMORY_MIB,
    pids: PIDS,
    openFiles: OPEN_FILES,
    mounts,
  })
  return {
    ...hardened,
    Image: imageId,
    Entrypoint: [...command],
    Env: ['HOME=/tmp'],
    WorkingDir: '/tmp',
    NetworkDisabled: true,
    Labels: labels,
    // The output is read when the container has ended.
    HostConfig: { ...hardened.HostConfig, LogConfig: { Type: 'json-file', Config: { 'max-size': '1m' } } },
  }
}
