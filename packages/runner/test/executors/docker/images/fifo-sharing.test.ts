import { readdir, readFile, writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { describe, expect, it, vi } from 'vitest'
import { getContainerUser } from '../../../../src/executors/docker/container-user.js'
import { sharesFifos } from '../../../../src/executors/docker/images/fifo-sharing.js'
import { createTraces } from '../../../../src/executors/docker/images/traces.js'
import { DEFAULT_SOCKET_PATH } from '../../../../src/executors/docker/is-engine-answering.js'
import { requireDocker } from '../../require-docker.js'
import { docker, makeDirectory } from './make-store.js'

async function ask(cacheDirectory: string, socketPath = DEFAULT_SOCKET_PATH, imageId = 'rgrid-test/python') {
  const warnings: string[] = []
  const getContext = vi.fn(async () => ({
    docker,
    address: { socketPath },
    user: getContainerUser(),
    traces: createTraces('test'),
    signal: AbortSignal.timeout(30_000),
  }))
  const logger = { info: () => undefined, warn: (message: string) => void warnings.push(message) }
  const answer = await sharesFifos({ cacheDirectory, address: { socketPath }, logger, imageId, getContext })
  return { answer, warnings, getContext }
}

describe.skipIf(!(await requireDocker()))('sharesFifos', () => {
  it('is true of an engine on this machine, and is asked once', async () => {
    const directory = await makeDirectory()

    const first = await ask(directory)
    const second = await ask(directory)

    expect([first.answer, second.answer]).toEqual([true, true])
    expect(first.getContext).toHaveBeenCalledTimes(1)
    expect(second.getContext).not.toHaveBeenCalled()
    expect(await readdir(directory)).toEqual(['engines'])
  })

  it('mounts nothing where the directories of scripts are, as those are swept away', async () => {
    const create = vi.spyOn(docker, 'createContainer')

    await ask(await makeDirectory())

    expect(create.mock.lastCall?.[0].HostConfig?.Mounts?.map(({ Target }) => Target)).toEqual(['/rgrid-fifo'])
  })

  it('is false where nothing comes through', async () => {
    const directory = await makeDirectory()

    // Its shell is not there, so nothing is ever written.
    expect((await ask(directory, undefined, 'rgrid-test/python-distroless')).answer).toBe(false)
  })

  it('believes what was found before, and is not troubled by damage', async () => {
    const directory = await makeDirectory()
    await ask(directory)
    const [file = ''] = await readdir(join(directory, 'engines'))
    const path = join(directory, 'engines', file)

    await writeFile(path, '{"isShared":false}')
    expect((await ask(directory)).answer).toBe(false)
    await writeFile(path, '{')
    expect((await ask(directory)).answer).toBe(true)
    expect(await readFile(path, 'utf8')).toBe('{"isShared":true}')
  })

  it('is not known where the engine does not answer, and that is not kept', async () => {
    const directory = await makeDirectory()

    const { answer, warnings } = await ask(directory, '/nowhere.sock')

    expect(answer).toBe(undefined)
    expect(warnings).toEqual([expect.stringContaining('ENOENT')])
    expect(await readdir(directory)).toEqual([])
  })
})
