import {
  createExecutionId,
  createRunnerId,
  offerSchema,
  type Claim,
  type ExecutionRecord,
  type Offer,
  type SpecInput,
} from '@rgrid/protocol'
import { createApi, type Api } from '@rgrid/protocol/client'
import { createHash, randomUUID } from 'node:crypto'
import { mkdtemp, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { onTestFinished } from 'vitest'
import type * as z from 'zod'
import {
  createDiskBlobs,
  createServer,
  createSqliteStore,
  type RGridServer,
  type Scope,
  type ServerOptions,
} from '../src/index.js'

/** The SHA-256 of text, in hex. */
export const sha256 = (data: string | Uint8Array): string => createHash('sha256').update(data).digest('hex')

/** A file with its bytes inline. */
export const inlineFile = (path: string, text: string | Uint8Array) => ({
  path,
  sha256: sha256(text),
  size: Buffer.byteLength(text),
  data: Buffer.from(text).toString('base64'),
})

/** A spec of one small Python script. */
export const createSpec = (over: Partial<SpecInput> = {}): SpecInput => ({
  script: 'hello.py',
  runtime: 'python',
  files: [inlineFile('hello.py', 'print("hello")\n')],
  ...over,
})

/** What a runner offers: Python as processes, if nothing else is said. */
export const createOffer = (over: Partial<z.input<typeof offerSchema>> = {}): Offer =>
  offerSchema.parse({ executor: 'process', runtimes: ['python'], ...over })

/** An offer of containers. */
export const createDockerOffer = (over: Partial<Offer> = {}): Offer =>
  createOffer({
    executor: 'docker',
    resources: { cpus: 2, memoryMib: 4096, pids: 256, diskMib: 10_240 },
    networks: ['none', 'bridge'],
    images: ['python:*'],
    ...over,
  })

/** A new directory that goes when the test ends. */
export async function createTempDir(): Promise<string> {
  const directory = await mkdtemp(join(tmpdir(), 'rgrid-server-'))
  onTestFinished(() => rm(directory, { recursive: true, force: true }))
  return directory
}

/** Where requests go: a server in this process. */
export interface Fixture {
  readonly server: RGridServer
  readonly directory: string
  /** Makes a request with a key of the given scopes. */
  send(method: string, path: string, body?: unknown, init?: SendInit): Promise<Response>
}

/** What a request may have besides. */
export interface SendInit {
  readonly key?: string
  readonly headers?: Record<string, string>
}

/** A server over a new store. */
export async function createFixture(options: Partial<ServerOptions> = {}): Promise<Fixture> {
  const directory = await createTempDir()
  const server = createServer({
    store: createSqliteStore({ path: ':memory:' }),
    blobs: createDiskBlobs({ directory: join(directory, 'blobs') }),
    allowProcess: true,
    ...options,
  })
  onTestFinished(() => server.close())
  const everything = grantKey(server, ['submit', 'read', 'admin', 'runner'])
  return {
    server,
    directory,
    send: (method, path, body, { key = everything, headers = {} } = {}) =>
      server.fetch(
        new Request(`http://rgrid.test${path}`, {
          method,
          headers: {
            authorization: `Bearer ${key}`,
            ...(body === undefined || isBytes(body) ? {} : { 'content-type': 'application/json' }),
            ...headers,
          },
          ...(body === undefined ? {} : { body: isBytes(body) ? body : JSON.stringify(body) }),
        }),
      ),
  }
}

const isBytes = (body: unknown): body is Uint8Array<ArrayBuffer> => body instanceof Uint8Array

/** The API of a fixture, as clients have it. */
export const openApi = ({ server }: Fixture): Api =>
  createApi({
    url: 'http://rgrid.test',
    apiKey: grantKey(server, ['submit', 'read']),
    fetch: (url, init) => server.fetch(new Request(url, init)),
  })

/** A key of a project. */
export const grantKey = (server: RGridServer, scopes: Scope[], project = 'default'): string =>
  server.grant({ scopes, project })

/** The JSON of an answer, whatever it is. */
export async function readJson<T = Record<string, unknown>>(response: Response): Promise<T> {
  return (await response.json()) as T
}

/** Submits an execution and returns its id. */
export async function submit(
  { send }: Fixture,
  spec: SpecInput = createSpec(),
  init: SendInit = {},
): Promise<string> {
  const id = createExecutionId()
  const response = await send('PUT', `/v1/executions/${id}`, spec, init)
  if (response.status !== 201) throw new Error(`submit answered ${response.status}: ${await response.text()}`)
  return id
}

/** One execution as the server shows it. */
export const getExecution = async ({ send }: Fixture, id: string): Promise<ExecutionRecord> =>
  readJson<ExecutionRecord>(await send('GET', `/v1/executions/${id}`))

/** A runner that does what a test tells it. */
export interface TestRunner {
  readonly runnerId: string
  claim(max?: number, claimId?: string): Promise<Claim[]>
  /** Makes a request for the attempt of a claim, with its lease. */
  report(claim: Claim, what: string, body?: object): Promise<Response>
}

/** Registers a runner, which offers Python and Node as processes if nothing else is said. */
export async function createTestRunner(
  { send }: Fixture,
  init: SendInit = {},
  offers: readonly Offer[] = [createOffer({ runtimes: ['python', 'node'] })],
): Promise<TestRunner> {
  const runnerId = createRunnerId()
  const said = { runnerId, name: 'test', slots: 4, offers, micronsPerHour: 3_600_000 }
  const registered = await send('POST', '/v1/runner/register', said, init)
  if (registered.status !== 200) throw new Error(`register answered ${await registered.text()}`)
  return {
    runnerId,
    async claim(max = 1, claimId = randomUUID()) {
      const response = await send('POST', '/v1/runner/claims', { runnerId, claimId, max }, init)
      return (await readJson<{ claims: Claim[] }>(response)).claims
    },
    report: ({ executionId, attempt, leaseToken }, what, body = {}) =>
      send('POST', `/v1/runner/attempts/${executionId}.${attempt}/${what}`, { leaseToken, ...body }, init),
  }
}

/** Claims the only queued execution. */
export async function claimOne(runner: TestRunner): Promise<Claim> {
  const [claim] = await runner.claim()
  if (claim === undefined) throw new Error('there was nothing to claim')
  return claim
}

/** A log chunk as runners send it. */
export const logChunk = (seq: number, data: string | Uint8Array, stream: 'stdout' | 'stderr' = 'stdout') => ({
  seq,
  stream,
  at: 1_700_000_000_000 + seq,
  data: Buffer.from(data).toString('base64'),
})

/** How an attempt ended, with exit code 0. */
export const SUCCESS = {
  cause: 'exit',
  exitCode: 0,
  signal: null,
  usage: { wallMs: 1_000, cpuSeconds: 0.5, peakMemoryBytes: 1_000_000 },
} as const
