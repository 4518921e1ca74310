import Dockerode, { type Container } from 'dockerode'
import { describe, expect, it, onTestFinished, vi } from 'vitest'
import { getContainerUser } from '../../../../src/executors/docker/container-user.js'
import { DEFAULT_SOCKET_PATH } from '../../../../src/executors/docker/is-engine-answering.js'
import { probeImage } from '../../../../src/executors/docker/images/probe-image.js'
import { createTraces } from '../../../../src/executors/docker/images/traces.js'
import { requireDocker } from '../../require-docker.js'

const docker = new Dockerode({ socketPath: DEFAULT_SOCKET_PATH })

const matching = (pattern: RegExp): unknown => expect.stringMatching(pattern)
const containing = (part: object): unknown => expect.objectContaining(part)

function probe(id: string, names: readonly string[] = []) {
  const context = {
    docker,
    address: { socketPath: DEFAULT_SOCKET_PATH },
    user: getContainerUser(),
    traces: createTraces('test'),
    signal: AbortSignal.timeout(60_000),
  }
  return probeImage(context, { id, path: undefined, names })
}

describe.skipIf(!(await requireDocker()))('probeImage', () => {
  it('asks the shell of an image', async () => {
    expect(await probe('rgrid-test/python', ['perl', 'no-such-program'])).toEqual({
      hasShell: true,
      hasSleep: true,
      programs: {
        python3: { path: '/usr/bin/python3', version: matching(/^3\.\d+\.\d+$/) },
        bash: { path: '/usr/bin/bash', version: matching(/^5\./) },
        perl: { path: '/usr/bin/perl', version: null },
      },
      python: {
        version: matching(/^3\./),
        stdlib: matching(/^\/usr\/lib\/python3\.\d+$/),
        isCompiled: true,
        hasPip: true,
      },
      path: '/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin',
    })
  })

  it('finds node and npm', async () => {
    const { programs } = await probe('rgrid-test/node')

    expect(programs['node']).toEqual({ path: '/usr/local/bin/node', version: process.versions.node })
    expect(programs['npm']).toEqual({ path: '/usr/local/bin/npm', version: null })
  })

  it('sees that a standard library is not compiled', async () => {
    expect((await probe('rgrid-test/python-bare')).python).toMatchObject({ isCompiled: false })
  })

  it('sees that compiled files are older than their sources', async () => {
    const repo = `rgrid-test/stale-${process.pid}`
    const container = await docker.createContainer({
      Image: 'rgrid-test/python',
      Cmd: ['sh', '-c', 'touch /usr/lib/python3*/argparse.py'],
    })
    await container.start()
    await container.wait()
    await container.commit({ repo })
    await container.remove()
    onTestFinished(() => docker.getImage(repo).remove())

    expect((await probe(repo)).python).toMatchObject({ isCompiled: false })
  })

  it('looks from outside into an image without a shell', async () => {
    expect(await probe('rgrid-test/python-distroless', ['perl', 'sleep'])).toEqual({
      hasShell: false,
      hasSleep: false,
      programs: {
        python3: { path: '/usr/bin/python3', version: matching(/^3\.\d+\.\d+$/) },
        perl: { path: '/usr/bin/perl', version: null },
      },
      python: containing({ isCompiled: true, hasPip: true }),
      path: undefined,
    })
  })

  it('leaves no container behind', async () => {
    const create = vi.spyOn(docker, 'createContainer')

    await probe('rgrid-test/python-distroless')

    const made = await Promise.all(create.mock.results.map(({ value }) => value as Promise<Container>))
    expect(made.length).toBeGreaterThan(0)
    for (const { id } of made)
      await expect(docker.getContainer(id).inspect()).rejects.toMatchObject({ statusCode: 404 })
  })

  it('says that an image is gone', async () => {
    await expect(probe(`sha256:${'0'.repeat(64)}`)).rejects.toMatchObject({ statusCode: 404 })
  })
})
