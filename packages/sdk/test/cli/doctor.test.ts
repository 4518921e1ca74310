import { RGridError } from '@rgrid/protocol'
import { describe, expect, it } from 'vitest'
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
