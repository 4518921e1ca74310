import Docker from 'dockerode'
import { randomUUID } from 'node:crypto'
import { readdirSync } from 'node:fs'
import { basename } from 'node:path'
import { describe, expect, it, onTestFinished } from 'vitest'
import { createProcessExecutor } from '../../src/executors/process-executor.js'
import { getBridgeAddress } from '../dependencies/support/get-bridge-address.js'
import { createRequest } from '../dependencies/support/requests.js'
import { serveSilence } from '../dependencies/support/serve-silence.js'
import { createTestExecutor, requireDocker, TEST_RUNTIMES } from './require-docker.js'
import { createTestDirectory } from './test-directory.js'

const hasDocker = await requireDocker()

describe.runIf(hasDocker)('executors of one runner that share a cache', () => {
  it('leave alone what another of them is installing', async () => {
    const [workDirectory, cacheDirectory] = [
      createTestDirectory(onTestFinished),
      createTestDirectory(onTestFinished),
    ]
    const instance = `shared-cache-${randomUUID()}`
    const docker = createTestExecutor(instance, `${workDirectory}/docker`, { cacheDirectory })
    const other = createProcessExecutor({
      instance,
      workDirectory: `${workDirectory}/process`,
      cacheDirectory,
      runtimes: TEST_RUNTIMES,
    })
    const { url, asked } = await serveSilence(await getBridgeAddress(new Docker()))
    const control = new AbortController()
    const installing = docker
      .install(createRequest({ 'requirements.txt': `slow @ ${url}` }, { signal: control.signal }))
      .catch(() => undefined)
    onTestFinished(async () => {
      control.abort(new Error('the test is over'))
      await installing
      await docker.close()
      await other.close()
    })
    await asked

    const isDone = await other.sweep()
    const left = readdirSync(cacheDirectory, { recursive: true, encoding: 'utf8' })

    expect([isDone, left.filter((path) => basename(path) === 'deps')]).toEqual([true, [expect.any(String)]])
  })
})
