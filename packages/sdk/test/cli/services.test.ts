import { describe, expect, it, onTestFinished, vi } from 'vitest'
import type { EmbeddedModule } from '../../src/load-embedded.js'
import { createDirectory } from '../temporary-directory.js'
import { createTestContext } from './support/create-test-context.js'

const URL = 'http://127.0.0.1:7433'
const REFUSED = Object.assign(new Error('connect'), { code: 'ECONNREFUSED' })

function createService() {
  const close = vi.fn(async () => {})
  return { url: URL, name: 'here', close, closed: new Promise<void>(() => {}) }
}

describe('up', () => {
  it('serves until the first signal, then closes', async () => {
    const service = createService()
    const startUp = vi.fn<EmbeddedModule['startUp']>(async () => service)
    const { run, signal, listeners, stdout, stderr } = createTestContext({ embedded: { startUp } })

    const code = run('up', '--port', '0', '--slots', '2', '--executor', 'process', '--logs-days', 'off')
    await vi.waitFor(() => expect(listeners()).toBe(1))
    signal('SIGTERM')

    expect(await code).toBe(0)
    expect(startUp).toHaveBeenCalledWith({
      port: 0,
      slots: 2,
      executors: ['process'],
      retention: { logsDays: 'off' },
      logger: expect.anything() as unknown,
    })
    expect(service.close).toHaveBeenCalledOnce()
    expect(stdout()).toBe('')
    expect(stderr()).toContain(`rgrid: up at ${URL}`)
  })

  it('prints its URL with --json', async () => {
    const { run, signal, listeners, json } = createTestContext({
      embedded: { startUp: async () => createService() },
    })

    const code = run('up', '--json')
    await vi.waitFor(() => expect(listeners()).toBe(1))
    signal('SIGINT')
    await code

    expect(json()).toEqual({ url: URL })
  })
})

describe('a port that is taken', () => {
  const busy = Object.assign(new Error('listen EADDRINUSE: address already in use'), { code: 'EADDRINUSE' })
  const fail = () => Promise.reject(busy)

  it('by another rgrid up is told with its URL', async () => {
    const up = JSON.stringify({ url: 'http://127.0.0.1:7433', apiKey: 'sk_1', pid: process.pid })
    const home = await createDirectory({ '.rgrid/up.json': up })
    const { run, stderr } = createTestContext({ embedded: { startUp: fail }, env: { HOME: home } })

    expect(await run('up')).toBe(1)

    expect(stderr()).toBe('rgrid: rgrid up is running already, at http://127.0.0.1:7433\n')
  })

  it.for(['up', 'server'])('by something else is told with the way out: %s', async (command) => {
    const up = JSON.stringify({ url: 'http://127.0.0.1:9999', apiKey: 'sk_1', pid: process.pid })
    const home = await createDirectory({ '.rgrid/up.json': up })
    const { run, stderr } = createTestContext({
      embedded: { startUp: fail, startServer: fail },
      env: { HOME: home },
    })

    expect(await run(command)).toBe(1)

    expect(stderr()).toBe('rgrid: port 7433 is taken by another program: choose one with --port\n')
  })

  it('is not blamed for another failure', async () => {
    const full = Object.assign(new Error('the disk is full'), { code: 'ENOSPC' })
    const startUp = () => Promise.reject(full)
    const { run, stderr } = createTestContext({ embedded: { startUp } })

    expect(await run('up')).toBe(125)

    expect(stderr()).toBe('rgrid: the disk is full\n')
  })
})

describe('server', () => {
  it('shows its first keys on stderr only', async () => {
    const keys = { admin: 'sk_a_1', runner: 'sk_r_2' }
    const startServer = vi.fn<EmbeddedModule['startServer']>(async () => ({ ...createService(), keys }))
    const { run, signal, listeners, stdout, stderr } = createTestContext({ embedded: { startServer } })

    const code = run('server', '--data-dir', 'data', '--allow-process', '--outputs-days', '0.5')
    await vi.waitFor(() => expect(listeners()).toBe(1))
    signal('SIGINT')
    await code

    expect(startServer).toHaveBeenCalledWith({
      host: '127.0.0.1',
      port: 7433,
      dataDirectory: '/nowhere/data',
      allowProcess: true,
      ceilings: {},
      images: [],
      retention: { outputsDays: 0.5 },
    })
    expect(stdout()).toBe('')
    expect(stderr()).toContain('sk_a_1')
    expect(stderr()).toContain('sk_r_2')
  })

  it('bounds what executions may ask for', async () => {
    const startServer = vi.fn<EmbeddedModule['startServer']>(async () => ({
      ...createService(),
      keys: undefined,
    }))
    const { run, signal, listeners } = createTestContext({ embedded: { startServer } })

    const code = run(
      ...['server', '--max-cpus', '4', '--max-memory', '8g', '--max-pids', '512', '--max-disk', '20g'],
      ...['--allow-image', 'python:*', '--allow-image', 'ghcr.io/me/*'],
    )
    await vi.waitFor(() => expect(listeners()).toBe(1))
    signal('SIGINT')
    await code

    expect(startServer).toHaveBeenCalledWith(
      expect.objectContaining({
        ceilings: { cpus: 4, memoryMib: 8192, pids: 512, diskMib: 20_480 },
        images: ['python:*', 'ghcr.io/me/*'],
      }),
    )
  })
})

describe('runner', () => {
  const env = { RGRID_API_KEY: 'sk_r_2', RGRID_URL: URL }

  it('offers docker, and process where it is allowed', async () => {
    const startRunner = vi.fn<EmbeddedModule['startRunner']>(async () => ({
      ...createService(),
      closed: Promise.resolve(),
    }))
    const { run } = createTestContext({ env, embedded: { startRunner } })

    expect(await run('runner', '--allow-process', '--price-per-hour', '0.05')).toBe(0)

    expect(startRunner).toHaveBeenCalledWith({
      url: URL,
      apiKey: 'sk_r_2',
      slots: 4,
      executors: ['docker', 'process'],
      allowProcess: true,
      micronsPerHour: 50_000,
      logger: expect.anything() as unknown,
    })
  })

  it('passes on what the runner warns of', async () => {
    const startRunner = vi.fn<EmbeddedModule['startRunner']>(async ({ logger }) => {
      logger?.warn('the disk is full')
      return { ...createService(), closed: Promise.resolve() }
    })
    const { run, stdout, stderr } = createTestContext({ env, embedded: { startRunner } })
    await run('runner')

    expect(stderr()).toContain('rgrid: the disk is full\n')
    expect(stdout()).toBe('')
  })

  it.for([
    ['says at once that its server is away', () => Promise.reject(new TypeError('x', { cause: REFUSED })), 1],
    ['says nothing when it answers', async () => new Response('not ready', { status: 503 }), 0],
  ] as const)('%s', async ([, fetch, times]) => {
    vi.stubGlobal('fetch', vi.fn(fetch))
    onTestFinished(() => void vi.unstubAllGlobals())
    const closed = Promise.resolve()
    const startRunner = vi.fn<EmbeddedModule['startRunner']>(async () => ({ ...createService(), closed }))
    const { run, stderr } = createTestContext({ env, embedded: { startRunner } })

    expect(await run('runner')).toBe(0)

    expect(stderr().split(`no answer from ${URL} (ECONNREFUSED), trying again`)).toHaveLength(times + 1)
    expect(vi.mocked(globalThis.fetch).mock.calls[0]?.[0]).toBe(`${URL}/healthz`)
    expect(startRunner).toHaveBeenCalledOnce()
  })

  it('fails with the reason when it cannot go on, and closes', async () => {
    const service = createService()
    const startRunner = async () => ({
      ...service,
      closed: Promise.reject(new Error('the key was revoked')),
    })
    const { run, stderr } = createTestContext({ env, embedded: { startRunner } })

    expect(await run('runner')).toBe(125)

    expect(service.close).toHaveBeenCalledOnce()
    expect(stderr()).toContain('rgrid: the key was revoked\n')
  })

  it.for([
    ['without a key', ['runner', '--url', URL], {}, 4],
    ['without a server', ['runner'], { RGRID_API_KEY: 'sk_r_2' }, 2],
    ['for process alone', ['runner', '--executor', 'process'], env, 2],
    ['with a price that is no amount', ['runner', '--price-per-hour', '5c'], env, 2],
  ] as const)('is refused %s', async ([, argv, environment, exit]) => {
    const startRunner = vi.fn<EmbeddedModule['startRunner']>()
    const { run, stderr } = createTestContext({ env: { ...environment }, embedded: { startRunner } })

    expect(await run(...argv)).toBe(exit)

    expect(startRunner).not.toHaveBeenCalled()
    expect(stderr()).toMatch(/^rgrid: .+\n$/)
  })
})
