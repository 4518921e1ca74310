import { specSchema, type Claim, type Spec } from '@rgrid/protocol'
import { createHash } from 'node:crypto'
import { mkdtemp, rm, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { describe, expect, it, onTestFinished } from 'vitest'
import { preparePlace, type PrepareContext } from '../../src/attempt/prepare-place.js'
import { createStopwatch } from '../../src/attempt/stopwatch.js'
import {
  InstallError,
  StartError,
  type Executor,
  type InstallRequest,
  type Place,
  type PlaceRequest,
} from '../../src/executors/executor.js'

const LAYER = { key: 'layer', directory: '/layers/layer', kind: 'python' } as const
const PLACE: Place = {
  workDir: '/nowhere',
  container: 'warm',
  environment: 'docker sha256:1',
  start: () => Promise.reject(new Error('not started here')),
  remove: async () => undefined,
}

const sha256 = (text: string): string => createHash('sha256').update(text).digest('hex')
const file = (path: string, text: string) => ({
  path,
  sha256: sha256(text),
  size: text.length,
  data: Buffer.from(text).toString('base64'),
})

function createClaim(change: Partial<Spec> = {}): Claim {
  const spec = specSchema.parse({
    script: 'main.py',
    runtime: 'python3.12',
    files: [file('data.txt', 'data'), file('main.py', 'pass')],
    ...change,
  })
  return {
    executionId: `exec_${'1'.repeat(32)}`,
    attempt: 3,
    leaseToken: '2'.repeat(32),
    project: 'mine',
    executor: 'docker',
    spec,
  }
}

/** An executor that notes what it is asked for. */
function createFakeExecutor(change: Partial<Executor> = {}) {
  const asked: { places: PlaceRequest[]; installs: InstallRequest[] } = { places: [], installs: [] }
  const executor: Executor = {
    name: 'docker',
    describe: () => Promise.reject(new Error('not asked')),
    listEnvironments: () => Promise.reject(new Error('not asked')),
    watchEnvironments: () => () => undefined,
    async prepare(request) {
      asked.places.push(request)
      return PLACE
    },
    async install(request) {
      asked.installs.push(request)
      return LAYER
    },
    findOrphans: async () => [],
    getPoolStats: () => undefined,
    sweep: async () => true,
    close: async () => undefined,
    ...change,
  }
  return { executor, asked }
}

const createContext = (executors: Executor[], change: Partial<PrepareContext> = {}): PrepareContext => ({
  executors,
  fetchBlob: () => Promise.reject(new Error('no blob is wanted')),
  watch: createStopwatch(),
  onProgress: () => undefined,
  signal: new AbortController().signal,
  ...change,
})

describe('the place of a claim', () => {
  it('is asked for with all that the claim says', async () => {
    const { executor, asked } = createFakeExecutor()
    const context = createContext([executor])
    const claim = createClaim({
      image: 'my/tools:1',
      resources: { memoryMib: 64 },
      network: 'bridge',
      isolation: 'shared',
    })

    expect(await preparePlace(context, claim)).toBe(PLACE)
    expect(asked).toEqual({
      installs: [],
      places: [
        {
          executionId: claim.executionId,
          attempt: 3,
          project: 'mine',
          runtime: 'python3.12',
          image: 'my/tools:1',
          scriptSha256: sha256('pass'),
          resources: { memoryMib: 64 },
          network: 'bridge',
          isolation: 'shared',
          layer: undefined,
          onProgress: context.onProgress,
          signal: context.signal,
        },
      ],
    })
  })

  it('comes from the executor that the claim names', async () => {
    const { executor: docker, asked } = createFakeExecutor()
    const { executor: other } = createFakeExecutor({ name: 'process' })
    await preparePlace(createContext([other, docker]), createClaim())

    expect(asked.places.length).toBe(1)
  })

  it('is not to be had from an executor that is not here', async () => {
    const { executor } = createFakeExecutor({ name: 'process' })
    const prepared = preparePlace(createContext([executor]), createClaim())

    await expect(prepared).rejects.toThrow(StartError)
    await expect(prepared).rejects.toThrow('this runner has no executor docker')
  })

  it('takes time that is told apart', async () => {
    const { executor } = createFakeExecutor({
      prepare: async () => {
        await new Promise((resolve) => setTimeout(resolve, 30))
        return PLACE
      },
    })
    const watch = createStopwatch()
    await preparePlace(createContext([executor], { watch }), createClaim())

    const { placeMs, dependenciesMs } = watch.read(null)
    expect(placeMs).toBeGreaterThan(20)
    expect(dependenciesMs).toBeLessThan(placeMs)
  })
})

describe('dependencies', () => {
  const dependencies: Spec['dependencies'] = { kind: 'requirements', path: 'requirements.txt' }

  it('are installed first, and the place has them', async () => {
    const { executor, asked } = createFakeExecutor()
    const claim = createClaim()
    await preparePlace(createContext([executor]), { ...claim, spec: { ...claim.spec, dependencies } })

    expect(asked.installs).toMatchObject([
      { project: 'mine', runtime: 'python3.12', script: 'main.py', dependencies },
    ])
    expect(asked.places).toMatchObject([{ layer: LAYER }])
  })

  it('are read from the claim, or fetched where they are large', async () => {
    const folder = await mkdtemp(join(tmpdir(), 'rgrid-prepare-'))
    onTestFinished(() => rm(folder, { recursive: true }))
    await writeFile(join(folder, 'blob'), 'fetched')
    const { executor, asked } = createFakeExecutor()
    const claim = createClaim()
    const context = createContext([executor], {
      fetchBlob: async () => ({ path: join(folder, 'blob'), [Symbol.asyncDispose]: async () => {} }),
    })
    await preparePlace(context, { ...claim, spec: { ...claim.spec, dependencies } })
    const [{ readFile, files }] = asked.installs as [InstallRequest]
    const [small] = files as [InstallRequest['files'][number]]

    expect(Buffer.from(await readFile(small)).toString()).toBe('data')
    expect(Buffer.from(await readFile({ ...small, data: undefined })).toString()).toBe('fetched')
  })

  it('that cannot be installed leave no place behind', async () => {
    const error = new InstallError('pip failed', Buffer.from('no such package'))
    const { executor, asked } = createFakeExecutor({ install: () => Promise.reject(error) })
    const claim = createClaim()
    const prepared = preparePlace(createContext([executor]), {
      ...claim,
      spec: { ...claim.spec, dependencies },
    })

    await expect(prepared).rejects.toBe(error)
    expect(asked.places).toEqual([])
  })
})
