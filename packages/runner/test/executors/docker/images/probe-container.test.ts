import type { ContainerInfo } from 'dockerode'
import { describe, expect, it, onTestFinished, vi } from 'vitest'
import { LABELS } from '../../../../src/executors/docker/container-policy.js'
import { getContainerUser } from '../../../../src/executors/docker/container-user.js'
import {
  PROBE_LABEL,
  removeAbandonedProbes,
  runProbe,
  withProbeContainer,
} from '../../../../src/executors/docker/images/probe-container.js'
import { createTraces } from '../../../../src/executors/docker/images/traces.js'
import { DEFAULT_SOCKET_PATH } from '../../../../src/executors/docker/is-engine-answering.js'
import { SECCOMP_PROFILE } from '../../../../src/executors/docker/seccomp/create-profile.js'
import { requireDocker } from '../../require-docker.js'
import { docker } from './make-store.js'

const makeContext = (signal = AbortSignal.timeout(30_000)) => ({
  docker,
  address: { socketPath: DEFAULT_SOCKET_PATH },
  user: getContainerUser(),
  traces: createTraces('test'),
  signal,
})

const toProbe = (script: string, deadlineMs = 20_000) => ({
  imageId: 'rgrid-test/python',
  command: ['/bin/sh', '-c', script],
  deadlineMs,
})

describe.skipIf(!(await requireDocker()))('a probe container', () => {
  it('gives its output and its end', async () => {
    expect(await runProbe(makeContext(), toProbe('echo a; echo b >&2; exit 3'))).toEqual({
      exitCode: 3,
      output: expect.stringMatching(/^(?:a\nb|b\na)\n$/) as unknown,
    })
  })

  it('can do nothing', async () => {
    const { output } = await runProbe(
      makeContext(),
      toProbe('id -u; grep -E "^(CapBnd|NoNewPrivs)" /proc/self/status; ls /sys/class/net; touch /x 2>&1'),
    )

    expect(output).toMatch(/^[1-9]\d*\nCapBnd:\t0+\nNoNewPrivs:\t1\nlo\ntouch: .*Read-only file system\n$/)
  })

  it('is held to what containers of scripts are held to', async () => {
    const { HostConfig } = await withProbeContainer(makeContext(), toProbe(':'), (container) =>
      container.inspect(),
    )

    expect(HostConfig).toMatchObject({
      CapDrop: ['ALL'],
      IpcMode: 'private',
      Memory: HostConfig.MemorySwap,
      OomScoreAdj: 500,
      Privileged: false,
      SecurityOpt: ['no-new-privileges', `seccomp=${SECCOMP_PROFILE}`],
      Ulimits: [
        { Name: 'core', Soft: 0, Hard: 0 },
        { Name: 'nofile', Soft: 1024, Hard: 1024 },
      ],
    })
  })

  it('ends at its deadline, or when it is to', async () => {
    const create = vi.spyOn(docker, 'createContainer')
    onTestFinished(() => create.mockRestore())

    await expect(runProbe(makeContext(), toProbe('sleep 60', 300))).rejects.toThrow()
    await expect(runProbe(makeContext(AbortSignal.timeout(300)), toProbe('sleep 60'))).rejects.toThrow()

    for (const { value } of create.mock.results) {
      const { id } = await (value as ReturnType<typeof docker.createContainer>)
      await expect(docker.getContainer(id).inspect()).rejects.toMatchObject({ statusCode: 404 })
    }
  })

  it('is told from those of scripts, and has the name of its runner', async () => {
    const labels = await withProbeContainer(makeContext(), toProbe(':'), async (container) => {
      const { Config } = await container.inspect()
      return Config.Labels
    })

    expect(labels[PROBE_LABEL]).toBe('test')
    expect(labels).not.toHaveProperty(LABELS.instance)
  })

  it('is removed when its runner was killed long ago', async () => {
    const made = [1, 2].map(() => docker.createContainer({ Image: 'rgrid-test/python', Cmd: ['true'] }))
    const [old, young] = await Promise.all(made)
    onTestFinished(async () => void (await young?.remove()))
    const now = Math.floor(Date.now() / 1000)
    const list = vi.spyOn(docker, 'listContainers').mockResolvedValue([
      { Id: old?.id, Created: now - 1_000 },
      { Id: young?.id, Created: now - 100 },
    ] as ContainerInfo[])
    onTestFinished(() => list.mockRestore())

    await removeAbandonedProbes(docker)

    expect(list).toHaveBeenCalledWith({ all: true, filters: { label: [PROBE_LABEL] } })
    await expect(old?.inspect()).rejects.toMatchObject({ statusCode: 404 })
    await expect(young?.inspect()).resolves.toBeDefined()
  })
})
