import { mkdir, readdir, readFile, symlink, utimes, writeFile } from 'node:fs/promises'
import { dirname, join } from 'node:path'
import { describe, expect, it, onTestFinished, vi } from 'vitest'
import {
  createDependencyStore,
  type DependencyStore,
  type DependencyStoreOptions,
} from '../../src/dependencies/dependency-store.js'
import type { InstallJob } from '../../src/dependencies/installer.js'
import { InstallError, type Layer } from '../../src/executors/executor.js'
import { createCountedInstaller, createDirectory, createRequest } from './support/requests.js'

const DAY_MS = 24 * 60 * 60 * 1000
const SIX = { 'requirements.txt': 'six\n', 'main.py': 'print(1)' }

const install = async ({ directory, onLine }: InstallJob): Promise<void> => {
  await writeFile(join(directory, 'deps', 'package'), 'installed')
  await writeFile(join(directory, 'leftover'), '')
  onLine('a line')
}

const createStore = (options: DependencyStoreOptions): DependencyStore => {
  const store = createDependencyStore(options)
  onTestFinished(() => store.close())
  return store
}

const waitForAbort = ({ signal }: InstallJob): Promise<void> =>
  new Promise((_, reject) => signal.addEventListener('abort', () => reject(signal.reason as Error)))

/** Makes a layer look as if nobody had used it for some days. */
async function age(layer: Layer, days: number): Promise<void> {
  const then = new Date(Date.now() - days * DAY_MS)
  await utimes(join(dirname(layer.directory), 'state.json'), then, then)
}

describe('ensure', () => {
  it('installs once, and finds it again', async () => {
    const directory = await createDirectory()
    const installer = createCountedInstaller(install)
    const store = createStore({ directory, installer })

    const first = await store.ensure(createRequest(SIX))
    const second = await store.ensure(createRequest(SIX))

    expect(installer.jobs).toHaveLength(1)
    expect(second).toEqual(first)
    expect(first.kind).toBe('python')
    expect(await readFile(join(first.directory, 'package'), 'utf8')).toBe('installed')
  })

  it('leaves nothing of the installer beside the layer', async () => {
    const store = createStore({
      directory: await createDirectory(),
      installer: createCountedInstaller(install),
    })

    const { directory } = await store.ensure(createRequest(SIX))

    expect((await readdir(dirname(directory))).sort()).toEqual(['deps', 'state.json'])
  })

  it.runIf(process.platform === 'linux')('is safe from a power cut before it can be found', async () => {
    const [directory, programs] = [await createDirectory(), await createDirectory()]
    const said = join(programs, 'said')
    const script = `#!/bin/sh\ncat "$2/package" "$2/../state.json" > ${said}; ls "$2/../.." >> ${said}\n`
    await writeFile(join(programs, 'sync'), script, { mode: 0o755 })
    vi.stubEnv('PATH', `${programs}:${process.env['PATH']}`)
    onTestFinished(() => void vi.unstubAllEnvs())
    const store = createStore({ directory, installer: createCountedInstaller(install) })

    const { key } = await store.ensure(createRequest(SIX))

    const text = await readFile(said, 'utf8')
    expect(text).toContain('installed{"state":"installing"')
    expect(text.split('\n')).not.toContain(key)
  })

  it('finds what another runner has installed in the same directory', async () => {
    const directory = await createDirectory()
    const installer = createCountedInstaller(install)
    const first = await createStore({ directory, installer }).ensure(createRequest(SIX))

    await expect(createStore({ directory, installer }).ensure(createRequest(SIX))).resolves.toEqual(first)

    expect(installer.jobs).toHaveLength(1)
  })

  it('agrees with a runner that installs the same at the same time', async () => {
    const directory = await createDirectory()
    const installer = createCountedInstaller(install)
    const stores = [1, 2].map(() => createStore({ directory, installer }))

    const [first, second] = await Promise.all(stores.map((store) => store.ensure(createRequest(SIX))))

    expect(first).toEqual(second)
    expect(await readdir(join(directory, 'layers'))).toHaveLength(2)
  })

  it('installs what many need at once once, with progress for all', async () => {
    const installer = createCountedInstaller(install)
    const store = createStore({ directory: await createDirectory(), installer })
    const messages: string[] = []
    const request = createRequest(SIX, { onProgress: (message) => messages.push(message) })

    const layers = await Promise.all(Array.from({ length: 5 }, () => store.ensure(request)))

    expect(new Set(layers.map(({ directory }) => directory)).size).toBe(1)
    expect(installer.jobs).toHaveLength(1)
    expect(messages.filter((message) => message === 'installing 1 package')).toHaveLength(5)
  })

  it.for([
    ['another project', { project: 'prj_other' }, SIX, 2],
    ['another image', { base: 'sha256:other' }, SIX, 2],
    ['other requirements', {}, { ...SIX, 'requirements.txt': 'idna\n' }, 2],
    ['other code', {}, { ...SIX, 'main.py': 'print(2)' }, 1],
    ['one more file', {}, { ...SIX, 'data.csv': '1' }, 1],
  ] as const)('takes %s for what it is', async ([, change, files, times]) => {
    const installer = createCountedInstaller(install)
    const store = createStore({ directory: await createDirectory(), installer })

    await store.ensure(createRequest(SIX))
    await store.ensure(createRequest(files, change))

    expect(installer.jobs).toHaveLength(times)
  })

  it('counts the files that a requirements file names', async () => {
    const installer = createCountedInstaller(install)
    const store = createStore({ directory: await createDirectory(), installer })
    const files = { 'requirements.txt': '-c limits.txt\nsix\n', 'limits.txt': 'six<2' }

    await store.ensure(createRequest(files))
    await store.ensure(createRequest({ ...files, 'limits.txt': 'six<1' }))

    expect(installer.jobs).toHaveLength(2)
  })

  it('keeps a layer when only the code of a script with inline metadata changes', async () => {
    const installer = createCountedInstaller(install)
    const store = createStore({ directory: await createDirectory(), installer })
    const toRequest = (code: string, name: string) =>
      createRequest(
        { 'main.py': `# /// script\n# dependencies = ["${name}"]\n# ///\n${code}` },
        { dependencies: { kind: 'inline' } },
      )

    await store.ensure(toRequest('print(1)', 'six'))
    await store.ensure(toRequest('print(2)', 'six'))
    expect(installer.jobs).toHaveLength(1)
    await store.ensure(toRequest('print(2)', 'idna'))

    expect(installer.jobs).toHaveLength(2)
  })

  it('gives the cache to installations of the same project and base only', async () => {
    const installer = createCountedInstaller(install)
    const store = createStore({ directory: await createDirectory(), installer })
    const other = { 'requirements.txt': 'idna\n' }

    await store.ensure(createRequest(SIX))
    await store.ensure(createRequest(other))
    await store.ensure(createRequest(SIX, { project: 'prj_other' }))
    await store.ensure(createRequest(SIX, { base: 'sha256:other' }))

    const [first, same, ...others] = installer.jobs.map(({ cacheDirectory }) => cacheDirectory)
    expect(same).toBe(first)
    expect(new Set([first, ...others]).size).toBe(3)
  })

  it('removes what a failed installer left, and tries again the next time', async () => {
    const directory = await createDirectory()
    let fails = true
    const installer = createCountedInstaller(async (job) => {
      await install(job)
      if (fails) throw new InstallError('no such package', Buffer.from('output'))
    })
    const store = createStore({ directory, installer })

    await expect(store.ensure(createRequest(SIX))).rejects.toThrow('no such package')
    expect(await readdir(join(directory, 'layers'))).toEqual([])
    fails = false

    await expect(store.ensure(createRequest(SIX))).resolves.toMatchObject({ kind: 'python' })
  })

  it('stops an installation when nobody waits for it any more', async () => {
    const directory = await createDirectory()
    const installer = createCountedInstaller(waitForAbort)
    const store = createStore({ directory, installer })
    const controllers = [new AbortController(), new AbortController()]
    const all = Promise.allSettled(
      controllers.map(({ signal }) => store.ensure(createRequest(SIX, { signal }))),
    )
    await vi.waitFor(() => expect(installer.jobs).toHaveLength(1))

    controllers[0]?.abort(new Error('left'))
    await new Promise((resolve) => setTimeout(resolve, 20))
    expect(installer.jobs[0]?.signal.aborted).toBe(false)
    controllers[1]?.abort(new Error('left too'))

    expect((await all).map(({ status }) => status)).toEqual(['rejected', 'rejected'])
    expect(installer.jobs[0]?.signal.aborted).toBe(true)
    await vi.waitFor(async () => expect(await readdir(join(directory, 'layers'))).toEqual([]))
  })

  it('installs two sets at a time at most', async () => {
    let busy = 0
    let most = 0
    const installer = createCountedInstaller(async () => {
      most = Math.max(most, ++busy)
      await new Promise((resolve) => setTimeout(resolve, 20))
      busy--
    })
    const store = createStore({ directory: await createDirectory(), installer })
    const messages: string[] = []

    await Promise.all(
      ['a', 'b', 'c', 'd', 'e'].map((name) =>
        store.ensure(
          createRequest({ 'requirements.txt': name }, { onProgress: (message) => messages.push(message) }),
        ),
      ),
    )

    expect(most).toBe(2)
    expect(messages).toContain('waiting for other installations')
  })
})

describe('sweep', () => {
  it('removes what an earlier life of this runner began, and leaves the work of others', async () => {
    const directory = await createDirectory()
    const layers = join(directory, 'layers')
    const key = 'a'.repeat(64)
    const begin = async (instance: string, digit: string): Promise<string> => {
      const name = `${key}.${digit.repeat(8)}-0000-4000-8000-000000000000`
      await mkdir(join(layers, name, 'deps'), { recursive: true })
      const state = { state: 'installing', kind: 'python', instance, bytes: 0 }
      await writeFile(join(layers, name, 'state.json'), JSON.stringify(state))
      return name
    }
    await begin('test', '1')
    const other = await begin('other', '2')
    const installer = { ...createCountedInstaller(), sweep: vi.fn(async () => true) }

    await createStore({ directory, installer }).sweep()

    expect(await readdir(layers)).toEqual([other])
    expect(installer.sweep).toHaveBeenCalledTimes(1)
  })

  it('keeps what an installer of an earlier life still writes to that cannot be ended', async () => {
    const directory = await createDirectory()
    const name = `${'a'.repeat(64)}.00000000-0000-4000-8000-000000000000`
    await mkdir(join(directory, 'layers', name), { recursive: true })
    const state = { state: 'installing', kind: 'python', instance: 'test', bytes: 0 }
    await writeFile(join(directory, 'layers', name, 'state.json'), JSON.stringify(state))
    const sweep = vi.fn(async () => false)
    const store = createStore({ directory, installer: { ...createCountedInstaller(), sweep } })

    const isDone = await store.sweep()
    const kept = await readdir(join(directory, 'layers'))
    sweep.mockResolvedValue(true)
    const thenIsDone = await store.sweep()

    expect([isDone, kept]).toEqual([false, [name]])
    expect([thenIsDone, await readdir(join(directory, 'layers'))]).toEqual([true, []])
  })

  it('removes what any runner began and has not gone on with', async () => {
    const directory = await createDirectory()
    const path = join(directory, 'layers', `${'a'.repeat(64)}.00000000-0000-4000-8000-000000000000`)
    await mkdir(path, { recursive: true })
    const hourAgo = new Date(Date.now() - 60 * 60 * 1000)
    await utimes(path, hourAgo, hourAgo)

    await createStore({ directory, installer: createCountedInstaller() }).sweep()

    expect(await readdir(join(directory, 'layers'))).toEqual([])
  })

  it('installs again where a link leads nowhere', async () => {
    const directory = await createDirectory()
    const store = createStore({ directory, installer: createCountedInstaller(install) })
    const { key } = await store.ensure(createRequest(SIX))
    const elsewhere = await createDirectory()
    await mkdir(join(elsewhere, 'layers'))
    await symlink(`${key}.00000000-0000-4000-8000-000000000000`, join(elsewhere, 'layers', key))

    const again = createStore({ directory: elsewhere, installer: createCountedInstaller(install) })

    await expect(again.ensure(createRequest(SIX))).resolves.toMatchObject({ key })
  })

  it('removes layers that have not been used for 14 days, but none in use', async () => {
    const directory = await createDirectory()
    const store = createStore({ directory, installer: createCountedInstaller(install) })
    const [old, used, young] = [
      await store.ensure(createRequest({ 'requirements.txt': 'a' })),
      await store.ensure(createRequest({ 'requirements.txt': 'b' })),
      await store.ensure(createRequest({ 'requirements.txt': 'c' })),
    ]
    const release = store.retain(used)
    await age(old, 15)
    await age(used, 15)
    await age(young, 13)

    await store.sweep()
    const keys = async (): Promise<string[]> =>
      (await readdir(join(directory, 'layers'))).filter((name) => !name.includes('.'))
    expect((await keys()).sort()).toEqual([used.key, young.key].sort())
    release()
    await store.sweep()

    expect(await keys()).toEqual([young.key])
  })

  it('removes the longest unused where there is too much', async () => {
    const directory = await createDirectory()
    const installer = createCountedInstaller(async (job) => {
      await writeFile(join(job.directory, 'deps', 'large'), Buffer.alloc(1024 * 1024, 1))
    })
    const store = createStore({ directory, installer, maxBytes: 2.5 * 1024 * 1024 })
    const layers: Layer[] = []
    for (const name of ['a', 'b', 'c'])
      layers.push(await store.ensure(createRequest({ 'requirements.txt': name })))
    for (const [index, layer] of layers.entries()) await age(layer, index + 1)

    await store.sweep()

    expect(await readdir(join(directory, 'layers'))).not.toContain(layers[2]?.key)
    expect(await readdir(join(directory, 'layers'))).toContain(layers[0]?.key)
    expect(await readdir(join(directory, 'layers'))).toContain(layers[1]?.key)
  })

  it('keeps a layer that was found again', async () => {
    const directory = await createDirectory()
    const store = createStore({ directory, installer: createCountedInstaller(install) })
    const layer = await store.ensure(createRequest(SIX))
    await age(layer, 15)

    await store.ensure(createRequest(SIX))
    await store.sweep()

    expect(await readdir(join(directory, 'layers'))).toContain(layer.key)
  })
})
