import { LIMITS } from '@rgrid/protocol'
import { createHttpFetch, type Fetch } from '@rgrid/protocol/client'
import { createClient } from '@rgrid/sdk'
import { truncate } from 'node:fs/promises'
import { join } from 'node:path'
import { expect, onTestFinished, test } from 'vitest'
import { createProject } from './support/project.js'
import { hasDocker } from './support/requirements.js'
import { KINDS, type Kind, type World } from './support/worlds.js'

async function open(kind: Kind): Promise<World> {
  const world = await kind.open()
  onTestFinished(() => world.close())
  return world
}

/** HTTP that counts what is uploaded. */
function createCountingFetch() {
  const fetch = createHttpFetch()
  const uploads: number[] = []
  const counting: Fetch = async (url, init) => {
    if (init.method === 'PUT' && url.includes('/v1/blobs/'))
      uploads.push(Number(init.headers['content-length']))
    return fetch(url, init)
  }
  return { fetch: counting, uploads }
}

async function createSparse(size: number, script: string): Promise<string> {
  const cwd = await createProject({ 'script.sh': script, 'model.bin': '' })
  await truncate(join(cwd, 'model.bin'), size)
  return cwd
}

test.skipIf(!(await hasDocker()))(
  'a large input of many executions travels once, and is one file to all',
  async () => {
    const { url, apiKey } = await open(KINDS.httpDocker)
    const { fetch, uploads } = createCountingFetch()
    await using client = createClient({ url, apiKey, fetch })
    const cwd = await createSparse(LIMITS.sharedInputBytes, 'stat -c %i model.bin; echo x >> model.bin')
    const run = async () => client.run('script.sh', { cwd, inputs: ['model.bin'] })

    const results = [await run(), ...(await Promise.all(Array.from({ length: 11 }, run)))]
    const own = await client.run('script.sh', { cwd, inputs: ['model.bin'], writableInputs: true })

    expect(uploads).toEqual([LIMITS.sharedInputBytes])
    expect(new Set(results.map(({ stdout }) => stdout)).size).toBe(1)
    expect(results.every(({ exitCode, artifacts }) => exitCode !== 0 && artifacts.length === 0)).toBe(true)
    expect(own.stdout).not.toBe(results[0]?.stdout)
    expect(own.artifacts.map(({ path, size }) => [path, size])).toEqual([
      ['model.bin', LIMITS.sharedInputBytes + 2],
    ])
  },
)
