import { RGridError } from '@rgrid/protocol'
import { once } from 'node:events'
import { createServer } from 'node:http'
import type { AddressInfo } from 'node:net'
import { describe, expect, it, onTestFinished } from 'vitest'
import { checkNode } from '../../src/cli/doctor/check-node.js'
import { createDirectory } from '../temporary-directory.js'
import { createTestContext, type Surroundings } from './support/create-test-context.js'

async function setUp(surroundings: Surroundings = {}) {
  const home = await createDirectory()
  const env = {
    HOME: home,
    DOCKER_HOST: `unix://${home}/docker.sock`,
    PATH: '/usr/bin:/bin',
    ...surroundings.env,
  }
  return createTestContext({ ...surroundings, cwd: home, env })
}

/** An engine that has some images and nothing else. */
async function startEngine(images: readonly string[]): Promise<string> {
  const known = ['/_ping', ...images.map((name) => `/images/${name}/json`)]
  const server = createServer((asked, response) => {
    response.writeHead(known.includes(asked.url ?? '') ? 200 : 404).end()
  }).listen(0, '127.0.0.1')
  onTestFinished(() => void server.close())
  await once(server, 'listening')
  return `tcp://127.0.0.1:${(server.address() as AddressInfo).port}`
}

describe('doctor', () => {
  it('finds all that embedded mode needs, and only warns of a missing engine', async () => {
    const { run, json } = await setUp()

    expect(await run('doctor', '--json')).toBe(0)

    expect(json()).toMatchObject({
      ok: true,
      checks: expect.arrayContaining([
        expect.objectContaining({ name: 'target', detail: 'this machine, as nothing else is configured' }),
        expect.objectContaining({ name: 'docker', outcome: 'warn' }),
        expect.objectContaining({ name: 'bash', outcome: 'ok' }),
        expect.objectContaining({ name: 'data', outcome: 'ok' }),
      ]) as unknown,
    })
  })

  it('fails when the server that is configured does not answer', async () => {
    const list = () => Promise.reject(new RGridError('unreachable', 'no answer from http://s'))
    const { run, stdout } = await setUp({ env: { RGRID_URL: 'http://s' }, client: { list } })

    expect(await run('doctor')).toBe(1)

    expect(stdout()).toMatch(/^ok +target +http:\/\/s, as RGRID_URL is set$/m)
    expect(stdout()).toMatch(/^fail +server +no answer from http:\/\/s$/m)
  })

  it('lists what runs on the server that is configured', async () => {
    const detail = { image: null, command: [], installer: null, extensions: [], programs: [], runners: 1 }
    const runtimes = async () => [
      { runtime: 'python' as const, executor: 'docker' as const, ...detail },
      { runtime: 'bash' as const, executor: 'docker' as const, ...detail },
      { runtime: 'bash' as const, executor: 'process' as const, ...detail },
    ]
    const list = async () => ({ executions: [], next: null })
    const env = { RGRID_URL: 'http://s' }
    const full = await setUp({ env, client: { list, runtimes } })
    const empty = await setUp({ env, client: { list, runtimes: async () => [] } })

    expect([await full.run('doctor'), await empty.run('doctor')]).toEqual([0, 0])

    expect(full.stdout()).toMatch(/^ok +runtimes +docker: python, bash; process: bash$/m)
    expect(empty.stdout()).toMatch(/^warn +runtimes +no runner is connected/m)
  })

  it.for([
    [
      'none',
      [],
      /^warn +images +none of a:1, b:2 is there, so nothing runs in containers: docker pull a:1$/m,
    ],
    ['some', ['a:1'], /^ok +images +in containers run python, python3\.12; not there: b:2$/m],
    ['all', ['a:1', 'b:2'], /^ok +images +in containers run python, python3\.12, bash$/m],
  ] as const)('says which images an engine has: %s', async ([, images, line]) => {
    const host = await startEngine(images)
    const table = { python: { image: 'a:1' }, 'python3.12': { image: 'a:1' }, bash: { image: 'b:2' } }
    const { run, stdout } = await setUp({
      env: { DOCKER_HOST: host },
      embedded: { loadRuntimes: async () => table },
    })

    expect(await run('doctor')).toBe(0)

    expect(stdout()).toMatch(/^ok +docker /m)
    expect(stdout()).toMatch(line)
  })

  it('fails when DOCKER_HOST is not supported, and says what is', async () => {
    const { run, stdout } = await setUp({ env: { DOCKER_HOST: 'ssh://engine' } })

    expect(await run('doctor')).toBe(1)

    expect(stdout()).toMatch(/^fail +docker +DOCKER_HOST is ssh:\/\/engine, which is not supported: .*tcp:/m)
  })

  it('finds no engine where the certificates are not there', async () => {
    const env = { DOCKER_HOST: await startEngine([]), DOCKER_TLS_VERIFY: '1', DOCKER_CERT_PATH: '/nowhere' }
    const { run, stdout } = await setUp({ env })

    expect(await run('doctor')).toBe(0)

    expect(stdout()).toMatch(/^warn +docker +no engine answers at tcp:.* \(ENOENT\)/m)
  })

  it('fails when the data directory cannot be written', async () => {
    const { run, stdout } = await setUp({ env: { XDG_DATA_HOME: '/dev/null/x' } })

    expect(await run('doctor')).toBe(1)

    expect(stdout()).toMatch(/^fail +data /m)
  })

  it.for([
    ['20.19.0', 'ok'],
    ['22.1.0', 'ok'],
    ['20.18.3', 'fail'],
    ['18.20.0', 'fail'],
  ] as const)('finds Node %s %s', ([version, outcome]) => {
    expect(checkNode(version).outcome).toBe(outcome)
  })
})
