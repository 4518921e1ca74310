import Docker from 'dockerode'
import { readdirSync, writeFileSync } from 'node:fs'
import { dirname, join } from 'node:path'
import { describe, expect, it } from 'vitest'
import { DEFAULT_SOCKET_PATH } from '../../src/executors/docker/is-engine-answering.js'
import type { ContractContext } from './contract/contract-context.js'
import { createInstance, startScript, waitForText, within } from './contract/start-script.js'
import { findContainer } from './find-container.js'
import { createTestExecutor, requireDocker, TEST_IMAGES } from './require-docker.js'
import { createTestDirectory } from './test-directory.js'

const docker = new Docker({ socketPath: DEFAULT_SOCKET_PATH })
const SLEEPER = 'import time; print("ready", flush=True); time.sleep(60)'

/** Starts a script, and makes a second executor of the same instance, as if the first had been killed. */
async function leave(onTestFinished: ContractContext['onTestFinished'], options: object = {}) {
  const [instance, directory] = [createInstance(), createTestDirectory(onTestFinished)]
  const create = () => createTestExecutor(instance, directory)
  const context = { onTestFinished, create, countLeft: () => Promise.reject(new Error('is not asked')) }
  const script = await startScript(context, SLEEPER, { executor: create(), memo: 'remember me', ...options })
  await waitForText(script.running.stdout, 'ready')
  const next = create()
  onTestFinished(() => next.close())
  return { script, next }
}

describe.skipIf(!(await requireDocker()))('what a killed runner left in Docker', () => {
  it('is found with what its runner wanted to know again, and forgotten by nobody', async ({
    onTestFinished,
  }) => {
    const { next } = await leave(onTestFinished)
    const [orphan] = await next.findOrphans()
    orphan?.remember('something else')

    const again = await next.findOrphans()

    expect(orphan?.memo).toBe('remember me')
    expect(again.map(({ memo }) => memo)).toEqual(['something else'])
  })

  it('is not found any more once it is adopted, and not swept', async ({ onTestFinished }) => {
    const { script, next } = await leave(onTestFinished)
    const [orphan] = await next.findOrphans()
    const adoption = orphan?.adopt()
    const container = await findContainer(docker, script)

    const [found, isDone] = [await next.findOrphans(), await next.sweep()]

    expect([found, isDone]).toEqual([[], true])
    expect((await container.inspect()).State.Running).toBe(true)
    await adoption?.place.remove()
    await expect(container.inspect()).rejects.toThrow('no such container')
  })

  it('says what it was started in', async ({ onTestFinished }) => {
    const { script, next } = await leave(onTestFinished)
    const [orphan] = await next.findOrphans()
    const { Id } = await docker.getImage(TEST_IMAGES.python ?? '').inspect()

    expect(orphan?.adopt().place.environment).toBe(`docker ${Id}`)
    expect(script.place.environment).toBe(`docker ${Id}`)
  })

  it('tells of its end also when it ended while it was found', async ({ onTestFinished }) => {
    const { script, next } = await leave(onTestFinished)
    const [orphan] = await next.findOrphans()
    const container = await findContainer(docker, script)
    await container.kill()
    await container.wait()

    const { cause, exitCode } = await within(
      10_000,
      'the end is known',
      orphan?.adopt().running.exit ?? Promise.reject(new Error('nothing was found')),
    )

    expect([cause, exitCode]).toEqual(['signal', 137])
  })

  it('is left to the sweep when it shares its container, was not to be remembered, or left no sense', async ({
    onTestFinished,
  }) => {
    const shared = await leave(onTestFinished, { isolation: 'shared' })
    const unnoted = await leave(onTestFinished, { memo: undefined })
    const garbled = await leave(onTestFinished)
    writeFileSync(join(dirname(garbled.script.workDir), 'note.json'), '{"version":0}')

    for (const { next } of [shared, unnoted, garbled]) expect(await next.findOrphans()).toEqual([])
  })

  it('notes nothing that a script may read, and no argument and no value', async ({ onTestFinished }) => {
    const secret = 'a-secret-that-nobody-may-see'
    const { script, next } = await leave(onTestFinished, { args: [secret], env: { TOKEN: secret } })
    const home = dirname(script.workDir)

    expect(readdirSync(home).toSorted()).toEqual(['note.json', 'rgrid', 'work'])
    expect(JSON.stringify(await next.findOrphans())).not.toContain(secret)
  })
})
