import { readdir } from 'node:fs/promises'
import { basename } from 'node:path'
import { afterAll, describe, expect, it, onTestFinished, vi } from 'vitest'
import { getContainerUser } from '../../../../src/executors/docker/container-user.js'
import type { EngineAddress } from '../../../../src/executors/docker/engine-address.js'
import { sharesFiles } from '../../../../src/executors/docker/images/file-sharing.js'
import { createTraces } from '../../../../src/executors/docker/images/traces.js'
import { DEFAULT_SOCKET_PATH } from '../../../../src/executors/docker/is-engine-answering.js'
import { createRemoteEngine } from '../../remote-engine.js'
import { requireDocker } from '../../require-docker.js'
import { createTestDirectory } from '../../test-directory.js'
import { docker } from './make-store.js'

const engine = await createRemoteEngine()
afterAll(() => engine.close())

const SOCKET: EngineAddress = { socketPath: DEFAULT_SOCKET_PATH }

async function ask(cacheDirectory: string, address = SOCKET, imageId = 'rgrid-test/python') {
  const getContext = vi.fn(async () => ({
    docker,
    address,
    user: getContainerUser(),
    traces: createTraces('test'),
    signal: AbortSignal.timeout(30_000),
  }))
  const logger = { info: () => undefined, warn: vi.fn() }
  const answer = await sharesFiles({ cacheDirectory, address, logger, imageId, getContext })
  return { answer, getContext, warn: logger.warn }
}

describe.skipIf(!(await requireDocker()))('sharesFiles', () => {
  it('is true of an engine that sees a directory, whatever its address is, and is asked once', async () => {
    const directory = createTestDirectory(onTestFinished)

    const first = await ask(directory, engine.address)
    const second = await ask(directory, engine.address)

    expect([first.answer, second.answer]).toEqual([true, true])
    expect([first.getContext.mock.calls.length, second.getContext.mock.calls.length]).toEqual([1, 0])
    expect(await readdir(directory)).toEqual(['engines'])
  })

  it('is false of an engine that does not see it, whatever its address is', async () => {
    const directory = `${engine.unseen}/${basename(createTestDirectory(onTestFinished))}`

    expect([(await ask(directory)).answer, (await ask(directory)).answer]).toEqual([false, false])
  })

  it('is found out without a shell', async () => {
    const answer = await ask(createTestDirectory(onTestFinished), SOCKET, 'rgrid-test/python-distroless')

    expect(answer.answer).toBe(true)
  })
})
