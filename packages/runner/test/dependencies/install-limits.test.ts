import { mkdir, writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { setTimeout as sleep } from 'node:timers/promises'
import { describe, expect, it, onTestFinished } from 'vitest'
import { createInstallLimits, type LimitOptions } from '../../src/dependencies/install-limits.js'
import { createDirectory } from './support/requests.js'

const SOON = { timeout: 20_000, interval: 50 }
const LOOKED_MS = 1_200

const write = (folder: string, mib: number): Promise<void> =>
  writeFile(join(folder, `${mib} MiB`), Buffer.alloc(mib * 1024 * 1024, 'x'))

/** Limits over a job whose cache has something in it from before. */
async function createJob(options: LimitOptions) {
  const root = await createDirectory()
  const job = { directory: join(root, 'job'), cacheDirectory: join(root, 'cache') }
  const folders = { deps: join(job.directory, 'deps'), scratch: join(job.directory, 'scratch') }
  for (const folder of [...Object.values(folders), job.cacheDirectory])
    await mkdir(folder, { recursive: true })
  await write(job.cacheDirectory, 5)
  const limits = createInstallLimits(job, options)
  onTestFinished(() => limits.stop())
  return { ...folders, cache: job.cacheDirectory, limits }
}

describe('the limits of an installation', () => {
  it.for(['deps', 'scratch', 'cache'] as const)('hold for what is written to its %s', async (name) => {
    const { limits, [name]: folder } = await createJob({ diskMib: 3 })

    await sleep(LOOKED_MS)
    const before = limits.explain()
    await write(folder, 4)
    await expect.poll(() => limits.signal.aborted, SOON).toBe(true)

    expect([before, limits.explain()]).toEqual([
      undefined,
      'the installation wrote more than 3 MiB to the disk',
    ])
  })

  it('hold for all that is written together', async () => {
    const { limits, deps, scratch, cache } = await createJob({ diskMib: 5 })

    for (const folder of [deps, scratch, cache]) await write(folder, 2)
    await expect.poll(() => limits.signal.aborted, SOON).toBe(true)

    expect(limits.explain()).toMatch(/5 MiB/)
  })

  it('hold for what is written last of all', async () => {
    const { limits, deps } = await createJob({ diskMib: 3 })
    await write(deps, 4)
    await limits.look()

    expect(limits.explain()).toMatch(/3 MiB/)
  })

  it('hold for its time', async () => {
    const { limits } = await createJob({ timeoutMs: 10 })
    await expect.poll(() => limits.signal.aborted, SOON).toBe(true)

    expect(limits.explain()).toBe('the installation took over 0.01 seconds')
  })

  it('hold for nothing once it is over', async () => {
    const { limits, deps } = await createJob({ diskMib: 1 })

    limits.stop()
    await write(deps, 2)
    await sleep(LOOKED_MS)

    expect(limits.explain()).toBeUndefined()
  })
})
