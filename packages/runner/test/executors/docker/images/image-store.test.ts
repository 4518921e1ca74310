import { chmod, mkdir, readdir, readFile, rm, utimes, writeFile } from 'node:fs/promises'
import { basename, join } from 'node:path'
import { describe, expect, it, onTestFinished, vi } from 'vitest'
import { requireDocker } from '../../require-docker.js'
import { docker, listen, makeStore } from './make-store.js'

const PYTHON = 'rgrid-test/python'
const BARE = 'rgrid-test/python-bare'

async function makeTag(image: string, tag: string): Promise<string> {
  const name = `rgrid-test/store-${process.pid}:${tag}`
  const [repo = ''] = name.split(':')
  await docker.getImage(image).tag({ repo, tag })
  onTestFinished(async () => {
    await docker
      .getImage(name)
      .remove()
      .catch(() => undefined)
  })
  return name
}

async function moveTag(name: string, image: string): Promise<void> {
  const [repo = '', tag = ''] = name.split(':')
  await docker.getImage(image).tag({ repo, tag })
}

describe.skipIf(!(await requireDocker()))('createImageStore', () => {
  it('prepares an image', async () => {
    const { store } = await makeStore()

    const image = await store.ensure(PYTHON, listen())

    expect(image).toMatchObject({
      name: PYTHON,
      id: (await docker.getImage(PYTHON).inspect()).Id,
      hasShell: true,
      hasSleep: true,
      tools: { pip: true, uv: false, npm: false },
      pycacheDirectory: null,
      env: { PATH: '/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin' },
    })
    expect(image.programs['python3']?.path).toBe('/usr/bin/python3')
  })

  it('tells that it prepares, once to each of those that wait', async () => {
    const { store } = await makeStore()
    const listeners = [listen(), listen()]

    const images = await Promise.all(listeners.map((listener) => store.ensure(PYTHON, listener)))

    expect(images[0]).toBe(images[1])
    for (const { messages } of listeners) expect(messages).toEqual([`preparing image ${PYTHON}`])
  })

  it('prepares an image once that is wanted by two names', async () => {
    const names = [await makeTag(PYTHON, 'one'), await makeTag(PYTHON, 'two')]
    const create = vi.spyOn(docker, 'createContainer')
    onTestFinished(() => create.mockRestore())
    const { store } = await makeStore()

    const images = await Promise.all(names.map((name) => store.ensure(name, listen())))

    expect(images.map(({ name }) => name)).toEqual(names)
    // For the image, and for the files and the FIFOs of the engine.
    expect(create).toHaveBeenCalledTimes(3)
  })

  it('leaves no container behind when it is closed half way', async () => {
    const create = vi.spyOn(docker, 'createContainer')
    onTestFinished(() => create.mockRestore())
    const { store } = await makeStore()
    const ended = store.ensure(BARE, listen()).catch((reason: unknown) => reason)
    await vi.waitFor(() => expect(create).toHaveBeenCalled(), 10_000)

    await store.close()

    expect(await ended).toMatchObject({ message: 'the runner stops' })
    for (const { value } of create.mock.results) {
      const { id } = await (value as ReturnType<typeof docker.createContainer>)
      await expect(docker.getContainer(id).inspect()).rejects.toMatchObject({ statusCode: 404 })
    }
  })

  it('knows an image that was prepared before, without a client of the engine', async () => {
    const { store, cacheDirectory } = await makeStore()
    const first = await store.ensure(PYTHON, listen())
    const { store: next, connect } = await makeStore({ cacheDirectory })
    const listener = listen()

    expect(await next.ensure(PYTHON, listener)).toEqual(first)
    expect(connect).not.toHaveBeenCalled()
    expect(listener.messages).toEqual([])
  })

  it('prepares anew when other programs are asked for', async () => {
    const { store, cacheDirectory } = await makeStore()
    await store.ensure(PYTHON, listen())
    const { store: next } = await makeStore({ cacheDirectory, programs: ['perl', '/opt/x', "a'b"] })

    const { programs } = await next.ensure(PYTHON, listen())

    expect(programs['perl']).toEqual({ path: '/usr/bin/perl', version: null })
  })

  it.for([
    ['nothing', () => ''],
    ['half a file', (whole: string) => whole.slice(0, 100)],
    [
      'no facts',
      (whole: string) => JSON.stringify({ version: 1, id: (JSON.parse(whole) as { id: string }).id }),
    ],
    ['another version', (whole: string) => whole.replace('"version": 1', '"version": 0')],
    ['another image', (whole: string) => whole.replace(/sha256:[0-9a-f]{8}/, 'sha256:00000000')],
  ] as const)('prepares anew when what was kept is %s', async ([, damage]) => {
    const { store, cacheDirectory } = await makeStore()
    const { programs } = await store.ensure(PYTHON, listen())
    const [file = ''] = await readdir(join(cacheDirectory, 'images'))
    const path = join(cacheDirectory, 'images', file)
    const whole = await readFile(path, 'utf8')
    await writeFile(path, damage(whole))

    const { store: next } = await makeStore({ cacheDirectory })

    expect((await next.ensure(PYTHON, listen())).programs).toEqual(programs)
    expect(await readFile(path, 'utf8')).toBe(whole)
  })

  it('costs nothing when all is known', async () => {
    const { store } = await makeStore()
    const listener = listen()
    const image = await store.ensure(PYTHON, listener)

    const startedAt = performance.now()
    for (let count = 0; count < 1000; count++) expect(await store.ensure(PYTHON, listener)).toBe(image)

    expect((performance.now() - startedAt) / 1000).toBeLessThan(1)
  })

  it('notices that a tag has moved', async () => {
    const { store } = await makeStore({ trustMs: 0 })
    const name = await makeTag(PYTHON, 'moving')
    const before = await store.ensure(name, listen())
    await makeTag('rgrid-test/node', 'moving')

    const after = await store.ensure(name, listen())

    expect(after.id).not.toBe(before.id)
    expect(after.programs['node']).toBeDefined()
    expect([store.isCurrent(before), store.isCurrent(after)]).toEqual([false, true])
  })

  it('asks again for a name that was forgotten', async () => {
    const { store } = await makeStore()
    const name = await makeTag(PYTHON, 'forgotten')
    const before = await store.ensure(name, listen())
    await makeTag('rgrid-test/node', 'forgotten')

    expect((await store.ensure(name, listen())).id).toBe(before.id)
    store.forget(name)
    expect((await store.ensure(name, listen())).id).not.toBe(before.id)
  })

  it('knows which images are there', async () => {
    const { store } = await makeStore()

    expect(await store.has(PYTHON)).toBe(true)
    expect(await store.has('rgrid-test/absent')).toBe(false)
  })

  it('takes the id of an image', async () => {
    const { store } = await makeStore()
    const { Id } = await docker.getImage(PYTHON).inspect()

    expect(await store.ensure(Id, listen())).toMatchObject({ id: Id, name: Id })
  })

  it('compiles the library of a Python that comes without, for a second runner at the same time too', async () => {
    const { store, cacheDirectory } = await makeStore()
    const { store: other } = await makeStore({ cacheDirectory })
    const listener = listen()

    const [image, same] = await Promise.all([store.ensure(BARE, listener), other.ensure(BARE, listen())])

    expect(same).toEqual(image)
    expect(listener.messages).toEqual([
      `preparing image ${BARE}`,
      `preparing image ${BARE}: compiling its Python library`,
    ])
    const directory = image.pycacheDirectory ?? ''
    expect(await readdir(directory)).toEqual(expect.arrayContaining(['deps', 'usr']))
    expect(await readdir(join(cacheDirectory, 'pycache'))).toHaveLength(1)
    expect(await runWithPycache(directory)).toEqual({ cached: true, compiled: 0 })
  })

  it.runIf(process.platform === 'linux')('keeps a library that is safe from a power cut', async () => {
    const { store, cacheDirectory } = await makeStore()
    const said = join(cacheDirectory, 'said')
    const script = `#!/bin/sh\nls "$2" > ${said}; basename "$2" >> ${said}\n`
    await writeFile(join(cacheDirectory, 'sync'), script, { mode: 0o755 })
    vi.stubEnv('PATH', `${cacheDirectory}:${process.env['PATH']}`)
    onTestFinished(() => void vi.unstubAllEnvs())

    const { pycacheDirectory } = await store.ensure(BARE, listen())

    // Complete, and not yet where it can be found.
    const lines = (await readFile(said, 'utf8')).trim().split('\n')
    expect(lines).toEqual(expect.arrayContaining(['deps', 'usr']))
    expect(lines.at(-1)).not.toBe(basename(pycacheDirectory ?? ''))
  })

  it('does not take a container that somebody removed for an image that is gone', async () => {
    const { store } = await makeStore({
      connect: async () => {
        const broken = Object.create(docker) as typeof docker
        broken.createContainer = async () => docker.getContainer('no-such-one')
        return broken
      },
    })

    await expect(store.ensure(PYTHON, listen())).rejects.toMatchObject({
      reason: 'internal',
      message: expect.stringContaining('No such container') as unknown,
    })
  })

  it('compiles again what somebody deleted', async () => {
    const { store, cacheDirectory } = await makeStore()
    await store.ensure(BARE, listen())
    const folder = join(cacheDirectory, 'pycache')
    const [name = ''] = await readdir(folder)
    await rm(join(folder, name), { recursive: true })
    // Left by a runner that was killed, and by one that is at work.
    for (const left of ['old', 'new']) await mkdir(join(folder, `${name}.${left}`))
    await utimes(join(folder, `${name}.old`), 0, 0)
    const { store: next } = await makeStore({ cacheDirectory })

    const { pycacheDirectory } = await next.ensure(BARE, listen())

    expect(await readdir(pycacheDirectory ?? '')).toContain('usr')
    expect((await readdir(folder)).sort()).toEqual([name, `${name}.new`])
  })

  it('does without the compiled library where it cannot be kept, and says so', async () => {
    const { store, cacheDirectory, warnings } = await makeStore()
    await writeFile(join(cacheDirectory, 'pycache'), 'in the way')
    await chmod(join(cacheDirectory, 'pycache'), 0o400)

    expect((await store.ensure(BARE, listen())).pycacheDirectory).toBeNull()
    expect(warnings).toEqual([expect.stringContaining(`the Python library of the image ${BARE}`)])
  })

  it('asks again where a name leads when it was told to forget', async () => {
    const name = await makeTag(PYTHON, 'moves')
    const { store } = await makeStore({ trustMs: 60_000 })
    const before = await store.ensure(name, listen())
    await moveTag(name, BARE)
    const trusted = await store.ensure(name, listen())
    store.forgetAll()

    const after = await store.ensure(name, listen())

    expect(trusted).toBe(before)
    expect(after.id).toBe((await docker.getImage(BARE).inspect()).Id)
  })

  it('does not trust what it had asked before it was told to forget', async () => {
    const name = await makeTag(PYTHON, 'moves-soon')
    const connect = vi.fn(async () => {
      if (connect.mock.calls.length === 1) {
        await moveTag(name, BARE)
        store.forgetAll()
      }
      return docker
    })
    const { store } = await makeStore({ trustMs: 60_000, connect })
    const asked = await store.ensure(name, listen())

    const after = await store.ensure(name, listen())

    expect(asked.id).toBe((await docker.getImage(PYTHON).inspect()).Id)
    expect(after.id).toBe((await docker.getImage(BARE).inspect()).Id)
  })

  it('leaves who gives up, and stops when all did', async () => {
    const { store, cacheDirectory } = await makeStore()
    const [first, second] = [new AbortController(), new AbortController()]
    const results = [first, second].map((each) => store.ensure(BARE, listen(each.signal)))
    const settled = Promise.allSettled(results)

    first.abort(new Error('first'))
    await expect(results[0]).rejects.toThrow('first')
    second.abort(new Error('second'))

    expect((await settled).map(({ status }) => status)).toEqual(['rejected', 'rejected'])
    await expect(results[1]).rejects.toThrow('second')
    expect(await readdir(cacheDirectory)).not.toContain('images')
  })

  it('goes on for those that stay', async () => {
    const { store } = await makeStore()
    const leaving = new AbortController()
    const left = store.ensure(PYTHON, listen(leaving.signal))
    const stayed = store.ensure(PYTHON, listen())

    leaving.abort(new Error('left'))

    await expect(left).rejects.toThrow('left')
    expect((await stayed).name).toBe(PYTHON)
  })

  it.for([
    '',
    'a b',
    '../containers/json?',
    'a/../b',
    'x?y',
    'UPPER',
    'a:b:c',
    'a@sha256:0',
    '-a',
    'http://a/b',
  ])('refuses what is not a name: %j', async (name) => {
    const { store } = await makeStore()

    await expect(store.ensure(name, listen())).rejects.toMatchObject({
      reason: 'image_pull',
      message: `"${name}" is not the name of an image`,
    })
  })

  it('says that the engine does not answer', async () => {
    const { store } = await makeStore({ address: { socketPath: '/nowhere.sock' } })

    await expect(store.ensure(PYTHON, listen())).rejects.toMatchObject({
      reason: 'internal',
      message: expect.stringContaining('the Docker engine does not answer') as unknown,
    })
  })
})

const IMPORTS = 'argparse, asyncio, json'
const COUNT = `
import importlib.machinery, sys
compiled = 0
class Loader(importlib.machinery.SourceFileLoader):
    pass
original = importlib.machinery.SourceFileLoader.source_to_code
def count(self, *args, **kwargs):
    global compiled
    compiled += 1
    return original(self, *args, **kwargs)
importlib.machinery.SourceFileLoader.source_to_code = count
import ${IMPORTS}
import os
print(os.path.exists(argparse.__cached__), compiled)
`

/** Runs Python in the bare image as scripts run there, and tells how much it had to compile. */
async function runWithPycache(directory: string): Promise<{ cached: boolean; compiled: number }> {
  const container = await docker.createContainer({
    Image: BARE,
    User: '65534:65534',
    Entrypoint: ['python3', '-c', COUNT],
    Env: ['PYTHONPYCACHEPREFIX=/var/cache/rgrid/pycache'],
    HostConfig: {
      ReadonlyRootfs: true,
      Mounts: [{ Type: 'bind', Source: directory, Target: '/var/cache/rgrid/pycache', ReadOnly: true }],
    },
  })
  try {
    await container.start()
    await container.wait()
    const output = (await container.logs({ stdout: true, stderr: true })).subarray(8).toString()
    const [, cached, compiled] = /^(\w+) (\d+)$/m.exec(output) ?? [output]
    return { cached: cached === 'True', compiled: Number(compiled) }
  } finally {
    await container.remove({ force: true })
  }
}
