import { execFile, spawn } from 'node:child_process'
import { createHash, randomBytes } from 'node:crypto'
import { access, mkdtemp, rm, writeFile } from 'node:fs/promises'
import { createServer, request, type IncomingMessage, type Server, type ServerResponse } from 'node:http'
import type { AddressInfo } from 'node:net'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { Transform } from 'node:stream'
import { setTimeout as sleep } from 'node:timers/promises'
import { promisify } from 'node:util'
import { onTestFinished } from 'vitest'
import { docker } from './make-store.js'

const execute = promisify(execFile)
const PROGRAM = '/usr/bin/docker-registry'

/** A registry that answers. */
export interface TestRegistry {
  /** Its host and port, which is how images name it. */
  readonly host: string
  /** Makes an image of random bytes that no engine has ever seen; its name. */
  push(bytes?: number): Promise<string>
  /** Whether a path of its interface is a layer of such an image. */
  isLayer(path: string): boolean
}

/** Who may read a registry. */
export interface Account {
  readonly username: string
  readonly password: string
}

/**
 * Whether tests can have a registry.
 *
 * @throws Error where they have to, as `RGRID_REQUIRE` lists `registry`, and cannot.
 */
export async function requireRegistry(): Promise<boolean> {
  const isThere = await access(PROGRAM).then(
    () => true,
    () => false,
  )
  if (isThere) return true
  if ((process.env['RGRID_REQUIRE'] ?? '').split(',').includes('registry'))
    throw new Error(`RGRID_REQUIRE lists registry, and there is no ${PROGRAM}`)
  process.stderr.write(`SKIPPED: there is no ${PROGRAM}, so the registry tests do not run\n`)
  return false
}

/** Starts a real registry for the time of a test. */
export async function startRegistry(account?: Account): Promise<TestRegistry> {
  const directory = await mkdtemp(join(tmpdir(), 'rgrid-registry-'))
  const port = await findFreePort()
  await writeFile(join(directory, 'config.yml'), await formatConfig(directory, port, account))
  const child = spawn(PROGRAM, ['serve', join(directory, 'config.yml')], { stdio: 'ignore' })
  onTestFinished(async () => {
    child.kill('SIGKILL')
    await rm(directory, { recursive: true, force: true })
  })
  const host = `127.0.0.1:${port}`
  await waitUntilUp(host)
  const layers: string[] = []
  return {
    host,
    async push(bytes = 1e6) {
      const layer = makeTar('data', randomBytes(bytes))
      layers.push(toDigest(layer))
      return pushImage(host, layer, account)
    },
    isLayer: (path) => layers.some((layer) => path.endsWith(`/blobs/${layer}`)),
  }
}

/** Starts a server that a test answers for. */
export async function startServer(
  answer: (question: IncomingMessage, response: ServerResponse) => void,
): Promise<string> {
  const server: Server = createServer(answer)
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve))
  onTestFinished(() => {
    server.closeAllConnections()
    server.close()
  })
  return `127.0.0.1:${(server.address() as AddressInfo).port}`
}

/** Starts something between the engine and a registry, which may keep an answer for itself. */
export function startProxy(
  registry: TestRegistry,
  handle: (path: string, response: ServerResponse, pass: (pace?: { bytesPerSecond: number }) => void) => void,
): Promise<string> {
  return startServer((question, response) => {
    const pass = ({ bytesPerSecond = Infinity } = {}): void => {
      const { url: path = '/', method = 'GET', headers } = question
      const [host, port] = registry.host.split(':')
      request({ host, port, path, method, headers }, (answer) => {
        response.writeHead(answer.statusCode ?? 500, answer.headers)
        answer.pipe(createBrake(bytesPerSecond)).pipe(response)
      }).end()
    }
    handle(question.url ?? '/', response, pass)
  })
}

function createBrake(bytesPerSecond: number): Transform {
  return new Transform({
    transform(chunk: Buffer, _, callback) {
      setTimeout(() => callback(null, chunk), (1000 * chunk.length) / bytesPerSecond)
    },
  })
}

/** A name on another host, removed from the engine after the test. */
export function useName(name: string, host = name.split('/')[0] ?? ''): string {
  const used = name.replace(/^[^/]+/, host)
  onTestFinished(async () => {
    await docker
      .getImage(used)
      .remove({ force: true })
      .catch(() => undefined)
  })
  return used
}

async function formatConfig(directory: string, port: number, account?: Account): Promise<string> {
  const config = {
    version: 0.1,
    log: { level: 'error' },
    storage: { filesystem: { rootdirectory: directory } },
    http: { addr: `127.0.0.1:${port}` },
    ...(account === undefined ? {} : { auth: { htpasswd: await makeHtpasswd(directory, account) } }),
  }
  // JSON is YAML.
  return JSON.stringify(config)
}

async function makeHtpasswd(directory: string, { username, password }: Account) {
  const path = join(directory, 'htpasswd')
  const { stdout } = await execute('htpasswd', ['-Bbn', username, password])
  await writeFile(path, stdout)
  return { realm: 'test', path }
}

async function findFreePort(): Promise<number> {
  const server = createServer()
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve))
  const { port } = server.address() as AddressInfo
  await new Promise((resolve) => server.close(resolve))
  return port
}

async function waitUntilUp(host: string): Promise<void> {
  for (let tries = 0; tries < 100; tries++) {
    const response = await fetch(`http://${host}/v2/`).catch(() => undefined)
    if (response !== undefined) return
    await sleep(50)
  }
  throw new Error('the registry does not come up')
}

async function pushImage(host: string, layer: Buffer, account?: Account): Promise<string> {
  const name = `test-${randomBytes(4).toString('hex')}`
  const authorization: Record<string, string> =
    account === undefined
      ? {}
      : {
          authorization: `Basic ${Buffer.from(`${account.username}:${account.password}`).toString('base64')}`,
        }
  const config = Buffer.from(
    JSON.stringify({
      architecture: process.arch === 'x64' ? 'amd64' : process.arch,
      os: 'linux',
      config: { Env: ['GREETING=a=b'] },
      rootfs: { type: 'layers', diff_ids: [toDigest(layer)] },
    }),
  )
  for (const blob of [layer, config]) await pushBlob(`http://${host}/v2/${name}`, blob, authorization)
  const type = 'application/vnd.docker.distribution.manifest.v2+json'
  const manifest = {
    schemaVersion: 2,
    mediaType: type,
    config: toDescriptor('application/vnd.docker.container.image.v1+json', config),
    layers: [toDescriptor('application/vnd.docker.image.rootfs.diff.tar', layer)],
  }
  await put(`http://${host}/v2/${name}/manifests/1`, Buffer.from(JSON.stringify(manifest)), {
    ...authorization,
    'content-type': type,
  })
  return useName(`${host}/${name}:1`)
}

const toDigest = (blob: Buffer): string => `sha256:${createHash('sha256').update(blob).digest('hex')}`

const toDescriptor = (mediaType: string, blob: Buffer) => ({
  mediaType,
  size: blob.length,
  digest: toDigest(blob),
})

async function pushBlob(base: string, blob: Buffer, headers: Record<string, string>): Promise<void> {
  const { headers: answer } = await fetch(`${base}/blobs/uploads/`, { method: 'POST', headers })
  const location = new URL(answer.get('location') ?? '')
  location.searchParams.set('digest', toDigest(blob))
  await put(location.toString(), blob, { ...headers, 'content-type': 'application/octet-stream' })
}

async function put(url: string, body: Buffer, headers: Record<string, string>): Promise<void> {
  const response = await fetch(url, { method: 'PUT', headers, body: new Uint8Array(body) })
  if (!response.ok) throw new Error(`${url}: ${response.status} ${await response.text()}`)
}

/** An archive of one file. */
function makeTar(name: string, content: Buffer): Buffer {
  const header = Buffer.alloc(512)
  const octal = (value: number, length: number): string => `${value.toString(8).padStart(length - 1, '0')}\0`
  header.write(name, 0)
  header.write(octal(0o644, 8), 100)
  header.write(octal(0, 8), 108)
  header.write(octal(0, 8), 116)
  header.write(octal(content.length, 12), 124)
  header.write(octal(0, 12), 136)
  header.write(' '.repeat(8), 148)
  header.write('0', 156)
  header.write('ustar\u000000', 257)
  const checksum = header.reduce((sum, byte) => sum + byte, 0)
  header.write(`${checksum.toString(8).padStart(6, '0')}\0 `, 148)
  const padding = Buffer.alloc((512 - (content.length % 512)) % 512)
  return Buffer.concat([header, content, padding, Buffer.alloc(1024)])
}
