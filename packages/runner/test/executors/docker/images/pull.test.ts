import { readdir, readFile, writeFile } from 'node:fs/promises'
import type { ServerResponse } from 'node:http'
import { join } from 'node:path'
import { setTimeout as sleep } from 'node:timers/promises'
import { describe, expect, it, vi } from 'vitest'
import { createRegistryCredentials } from '../../../../src/executors/docker/images/registry-credentials.js'
import { requireDocker } from '../../require-docker.js'
import { docker, listen, makeDirectory, makeStore } from './make-store.js'
import { requireRegistry, startProxy, startRegistry, startServer, useName } from './registry.js'

const ALICE = { username: 'alice', password: 's3cr&t pass' }

/** Credentials as `docker login` leaves them. */
async function logIn(host: string, { username, password }: typeof ALICE) {
  const directory = await makeDirectory()
  const auth = Buffer.from(`${username}:${password}`).toString('base64')
  await writeFile(join(directory, 'config.json'), JSON.stringify({ auths: { [host]: { auth } } }))
  return createRegistryCredentials({ DOCKER_CONFIG: directory })
}

const NOBODY = createRegistryCredentials({ DOCKER_CONFIG: '/nowhere' })

async function readAll(directory: string): Promise<string[]> {
  const entries = await readdir(directory, { withFileTypes: true, recursive: true })
  const files = entries.filter((entry) => entry.isFile())
  return Promise.all(files.map((file) => readFile(join(file.parentPath, file.name), 'utf8')))
}

const isThere = (name: string): Promise<boolean> =>
  docker
    .getImage(name)
    .inspect()
    .then(
      () => true,
      () => false,
    )

function refuse(response: ServerResponse, status: number, code: string, message: string): void {
  response.writeHead(status, { 'content-type': 'application/json' })
  response.end(JSON.stringify({ errors: [{ code, message }] }))
}

/** A registry that refuses every image. */
const startRefusing = (status: number, code: string, message: string): Promise<string> =>
  startServer(({ url }, response) => {
    if (url === '/v2/') response.end('{}')
    else refuse(response, status, code, message)
  })

/** A registry whose layers take an hour; `broken` counts the connections that the engine gave up. */
async function startStuck() {
  const registry = await startRegistry()
  const seen = { asked: 0, broken: 0 }
  const name = await registry.push()
  const host = await startProxy(registry, (path, response, pass) => {
    if (!registry.isLayer(path)) return pass()
    seen.asked++
    // The engine notices that nobody listens any more when it has progress to tell.
    const timer = setInterval(() => response.write(Buffer.alloc(20_000)), 50)
    response.once('close', () => {
      clearInterval(timer)
      seen.broken++
    })
    response.writeHead(200, { 'content-length': '1000000000' })
  })
  return { name: useName(name, host), seen }
}

describe.skipIf(!(await requireDocker()) || !(await requireRegistry()))('pulling', () => {
  it('brings an image and tells how far it is', async () => {
    const registry = await startRegistry()
    const host = await startProxy(registry, (_path, _response, pass) => pass({ bytesPerSecond: 2e6 }))
    const name = useName(await registry.push(3e6), host)
    const { store } = await makeStore({ credentials: NOBODY })
    const listener = listen()

    const image = await store.ensure(name, listener)

    expect(image).toMatchObject({ name, hasShell: false, programs: {}, sharesFifos: false })
    expect(image.env).toMatchObject({ GREETING: 'a=b' })
    expect(listener.messages[0]).toBe(`pulling ${name}`)
    expect(listener.messages).toContainEqual(expect.stringMatching(/: \d\d %, [12]\.\d of 3\.0 MB$/))
    expect(listener.messages.length).toBeLessThan(10)
    expect(listener.messages.at(-1)).toBe(`preparing image ${name}`)
  })

  it('takes a digest', async () => {
    const registry = await startRegistry()
    const name = await registry.push()
    const [repository = ''] = name.split(/:1$/)
    const response = await fetch(`http://${repository.replace('/', '/v2/')}/manifests/1`, {
      headers: { accept: 'application/vnd.docker.distribution.manifest.v2+json' },
    })
    const pinned = useName(`${repository}@${response.headers.get('docker-content-digest') ?? ''}`)
    const { store } = await makeStore({ credentials: NOBODY })

    expect((await store.ensure(pinned, listen())).name).toBe(pinned)
  })

  it('pulls once for all that wait', async () => {
    const registry = await startRegistry()
    const layers: string[] = []
    const host = await startProxy(registry, (path, _, pass) => {
      if (path.includes('/manifests/1')) layers.push(path)
      pass()
    })
    const name = useName(await registry.push(), host)
    const { store } = await makeStore({ credentials: NOBODY })

    const images = await Promise.all([1, 2, 3].map(() => store.ensure(name, listen())))

    expect(new Set(images).size).toBe(1)
    // The engine asks for it once when it pulls.
    expect(layers).toHaveLength(1)
  })

  it('pulls again an image that was removed', async () => {
    const name = await (await startRegistry()).push()
    const { store } = await makeStore({ credentials: NOBODY })
    const { id } = await store.ensure(name, listen())
    await docker.getImage(name).remove()

    store.forget(name)

    expect((await store.ensure(name, listen())).id).toBe(id)
    expect(await isThere(name)).toBe(true)
  })

  it('pulls again, once, an image that is removed before it is prepared', async () => {
    const name = await (await startRegistry()).push()
    let removals = 0
    const connect = vi.fn(async () => {
      if (removals++ === 0) await docker.getImage(name).remove()
      return docker
    })
    const { store } = await makeStore({ credentials: NOBODY, connect })
    const listener = listen()

    expect((await store.ensure(name, listener)).name).toBe(name)
    expect(listener.messages.filter((message) => message === `pulling ${name}`)).toHaveLength(2)
  })

  it('gives up where an image is removed again and again', async () => {
    const name = await (await startRegistry()).push()
    const connect = async () => {
      await docker.getImage(name).remove()
      return docker
    }
    const { store } = await makeStore({ credentials: NOBODY, connect })

    await expect(store.ensure(name, listen())).rejects.toMatchObject({
      reason: 'image_pull',
      message: `the image ${name} is removed as soon as it is pulled`,
    })
  })

  describe('of a private image', () => {
    it('needs credentials', async () => {
      const registry = await startRegistry(ALICE)
      const name = await registry.push()
      const { store } = await makeStore({ credentials: NOBODY })

      await expect(store.ensure(name, listen())).rejects.toMatchObject({
        reason: 'image_pull',
        message: expect.stringMatching(
          /^the image \S+ cannot be pulled: Head \S+: no basic auth credentials; give the runner credentials: run "docker login 127\.0\.0\.1:\d+"/,
        ) as unknown,
      })
    })

    it('takes those of the runner', async () => {
      const registry = await startRegistry(ALICE)
      const name = await registry.push()
      const { store, cacheDirectory } = await makeStore({ credentials: await logIn(registry.host, ALICE) })

      await store.ensure(name, listen())

      expect(await isThere(name)).toBe(true)
      expect(JSON.stringify(await readAll(cacheDirectory))).not.toContain(ALICE.password)
    })

    it('says that they are wrong, and not what they are', async () => {
      const registry = await startRegistry(ALICE)
      const name = await registry.push()
      const credentials = await logIn(registry.host, { ...ALICE, password: 'guessed' })
      const { store, warnings } = await makeStore({ credentials })

      const error: unknown = await store.ensure(name, listen()).catch((reason: unknown) => reason)

      expect(error).toMatchObject({
        reason: 'image_pull',
        message: `the image ${name} cannot be pulled: unauthorized: authentication required; the runner's credentials for ${registry.host} are refused: run "docker login ${registry.host}" again as its user`,
      })
      expect(warnings).toEqual([])
    })

    it('repeats no secret that the registry repeats', async () => {
      const words = `see https://bob:pw@example.com/?token=abc, Bearer abcdefghijkl, ${ALICE.password}`
      const host = await startRefusing(403, 'DENIED', words)
      const { store } = await makeStore({ credentials: await logIn(host, ALICE) })

      const error: unknown = await store.ensure(`${host}/a:1`, listen()).catch((reason: unknown) => reason)

      expect(String(error)).toContain(
        'denied: see https://***@example.com/?token=*** Bearer ***, ***; check the name',
      )
    })
  })

  describe('that is refused', () => {
    it.for([
      [401, 'UNAUTHORIZED', 'who are you', 'unauthorized: who are you; give the runner credentials'],
      [
        403,
        'DENIED',
        'not for you',
        'denied: not for you; check the name; a private image needs credentials',
      ],
      [
        429,
        'TOOMANYREQUESTS',
        'slow down',
        'toomanyrequests: slow down; the registry limits pulls: try again',
      ],
      [500, 'UNKNOWN', 'oh no', '500 Internal Server Error'],
    ] as const)('says what the registry said: %i', async ([status, code, message, words]) => {
      const host = await startRefusing(status, code, message)
      const { store } = await makeStore({ credentials: NOBODY })

      const error: unknown = await store.ensure(`${host}/a:1`, listen()).catch((reason: unknown) => reason)

      expect(error).toMatchObject({ reason: 'image_pull' })
      expect(String(error)).toContain(`the image ${host}/a:1 cannot be pulled: `)
      expect(String(error)).toContain(words)
      expect(String(error)).not.toContain('\n')
    })

    it('says that there is no such image', async () => {
      const { host } = await startRegistry()
      const { store } = await makeStore({ credentials: NOBODY })

      await expect(store.ensure(`${host}/no:1`, listen())).rejects.toThrow(
        /manifest unknown; check its name and tag$/,
      )
    })

    it('says that nothing answers', async () => {
      const { store } = await makeStore({ credentials: NOBODY })

      await expect(store.ensure('127.0.0.1:1/a', listen())).rejects.toThrow(
        /connection refused; check that the Docker engine can reach 127\.0\.0\.1:1$/,
      )
    })

    it('says what went wrong half way', async () => {
      const registry = await startRegistry()
      const name = await registry.push()
      const host = await startProxy(registry, (path, response, pass) => {
        if (path.includes('/blobs/')) refuse(response, 404, 'BLOB_UNKNOWN', 'it is gone')
        else pass()
      })
      const { store } = await makeStore({ credentials: NOBODY })

      await expect(store.ensure(useName(name, host), listen())).rejects.toThrow(
        /cannot be pulled: .*unknown blob/,
      )
    })

    it('does not try to pull an id', async () => {
      const { store } = await makeStore({ credentials: NOBODY })

      await expect(store.ensure(`sha256:${'0'.repeat(64)}`, listen())).rejects.toThrow(
        'an id cannot be pulled',
      )
    })
  })

  describe('that is stuck', () => {
    it('ends at its deadline', async () => {
      const { name, seen } = await startStuck()
      const { store } = await makeStore({ credentials: NOBODY, pullTimeoutMs: 1_500 })

      await expect(store.ensure(name, listen())).rejects.toMatchObject({
        reason: 'image_pull',
        message: expect.stringMatching(
          /: it was not there after 2 s, at "pulling .*"; pull it by hand/,
        ) as unknown,
      })
      await vi.waitFor(() => expect(seen.broken).toBe(seen.asked), 10_000)
    })

    it('is given up by the engine when nobody waits any more', async () => {
      const { name, seen } = await startStuck()
      const { store } = await makeStore({ credentials: NOBODY })
      const leaving = new AbortController()
      const ended = store.ensure(name, listen(leaving.signal)).catch((reason: unknown) => reason)
      await vi.waitFor(() => expect(seen.asked).toBeGreaterThan(0), 10_000)

      leaving.abort(new Error('cancelled'))

      expect(await ended).toMatchObject({ message: 'cancelled' })
      await vi.waitFor(() => expect(seen.broken).toBe(seen.asked), 10_000)
    })

    it('does not hold up others', async () => {
      const { name, seen } = await startStuck()
      const { store } = await makeStore({ credentials: NOBODY })
      const leaving = new AbortController()
      const stuck = store.ensure(name, listen(leaving.signal)).catch(() => 'left')
      await vi.waitFor(() => expect(seen.asked).toBeGreaterThan(0), 10_000)

      const other = await (await startRegistry()).push()
      expect((await store.ensure(other, listen())).name).toBe(other)

      leaving.abort()
      expect(await stuck).toBe('left')
    })

    it('ends when the store is closed', async () => {
      const { name, seen } = await startStuck()
      const { store } = await makeStore({ credentials: NOBODY })
      const ended = store.ensure(name, listen()).catch((reason: unknown) => reason)
      await vi.waitFor(() => expect(seen.asked).toBeGreaterThan(0), 10_000)

      await store.close()

      expect(await ended).toMatchObject({ message: 'the runner stops' })
    })
  })

  describe('ahead', () => {
    it('brings what it can and says what it cannot', async () => {
      const registry = await startRegistry()
      const names = [await registry.push(), `${registry.host}/no:1`, await registry.push()]
      const { store, warnings } = await makeStore({ credentials: NOBODY })

      await store.prePull(names)

      expect(await Promise.all(names.map((name) => store.has(name)))).toEqual([true, false, true])
      expect(warnings).toEqual([expect.stringContaining(`the image ${registry.host}/no:1 cannot be pulled`)])
    })

    it('waits while somebody waits for an image', async () => {
      const { name, seen } = await startStuck()
      const registry = await startRegistry()
      const ahead = await registry.push()
      const { store } = await makeStore({ credentials: NOBODY })
      const leaving = new AbortController()
      const stuck = store.ensure(name, listen(leaving.signal)).catch(() => 'left')
      await vi.waitFor(() => expect(seen.asked).toBeGreaterThan(0), 10_000)

      const done = store.prePull([ahead])
      await sleep(500)
      expect(await isThere(ahead)).toBe(false)
      leaving.abort()

      await Promise.all([stuck, done])
      expect(await isThere(ahead)).toBe(true)
    })
  })
})
