import Dockerode from 'dockerode'
import { execFile } from 'node:child_process'
import { once } from 'node:events'
import { createServer as createPlain, type RequestListener, type Server } from 'node:http'
import { createServer as createEncrypted } from 'node:https'
import { readFileSync } from 'node:fs'
import type { AddressInfo } from 'node:net'
import { join } from 'node:path'
import { promisify } from 'node:util'
import { beforeAll, describe, expect, it, onTestFinished, vi } from 'vitest'
import { askEngine } from '../../../src/executors/docker/ask-engine.js'
import {
  formatEngineAddress,
  readEngineAddress,
  toClientOptions,
} from '../../../src/executors/docker/engine-address.js'
import { createTestDirectory } from '../test-directory.js'

const answer: RequestListener = (asked, response) => void response.end(`"${asked.url}"`)

async function listen(server: Server): Promise<number> {
  server.listen(0, '127.0.0.1')
  onTestFinished(() => {
    server.closeAllConnections()
    server.close()
  })
  await once(server, 'listening')
  return (server.address() as AddressInfo).port
}

/** Makes the certificates of an authority that has signed itself, for both sides of a connection. */
async function makeCertificates(directory: string): Promise<void> {
  const openssl = (...args: string[]) => promisify(execFile)('openssl', args, { cwd: directory })
  await openssl(
    ...[
      'req',
      '-x509',
      '-newkey',
      'rsa:2048',
      '-nodes',
      '-days',
      '2',
      '-keyout',
      'key.pem',
      '-out',
      'cert.pem',
    ],
    ...['-subj', '/CN=engine', '-addext', 'subjectAltName=IP:127.0.0.1'],
  )
  await openssl('x509', '-in', 'cert.pem', '-out', 'ca.pem')
}

describe('an engine at a port', () => {
  it('is spoken to by both clients', async () => {
    const port = await listen(createPlain(answer))
    const address = await readEngineAddress({ DOCKER_HOST: `tcp://127.0.0.1:${port}` })

    expect(formatEngineAddress(address)).toBe(`tcp://127.0.0.1:${port}`)
    expect(await askEngine(address, '/_ping', 5_000)).toEqual({ status: 200, text: '"/_ping"' })
    expect(await new Dockerode(toClientOptions(address)).version()).toBe('/version')
  })

  it('is not where the environment of the client says', async () => {
    const port = await listen(createPlain(answer))
    vi.stubEnv('DOCKER_HOST', 'tcp://127.0.0.1:1')
    onTestFinished(() => void vi.unstubAllEnvs())
    const address = { host: '127.0.0.1', port, certificates: undefined }
    const socket = { socketPath: '/nowhere.sock' }

    expect(await new Dockerode(toClientOptions(address)).version()).toBe('/version')
    await expect(new Dockerode(toClientOptions(socket)).version()).rejects.toThrow('/nowhere.sock')
  })

  it('has an address in brackets with IPv6', async () => {
    const address = await readEngineAddress({ DOCKER_HOST: 'tcp://[::1]:4243' })

    expect(address).toEqual({ host: '::1', port: 4243, certificates: undefined })
    expect(formatEngineAddress(address)).toBe('tcp://[::1]:4243')
  })
})

describe('an encrypted engine', () => {
  let directory = ''
  beforeAll(async () => {
    const undo: (() => Promise<void>)[] = []
    directory = createTestDirectory((step) => undo.push(step))
    await makeCertificates(directory)
    return async () => {
      for (const step of undo) await step()
    }
  })
  const read = (name: string): string => readFileSync(join(directory, name), 'utf8')
  const start = (): Promise<number> =>
    listen(
      createEncrypted(
        { key: read('key.pem'), cert: read('cert.pem'), ca: read('ca.pem'), requestCert: true },
        answer,
      ),
    )

  it('is spoken to by both clients, which prove who they are', async () => {
    const DOCKER_HOST = `tcp://127.0.0.1:${await start()}`
    const address = await readEngineAddress({
      DOCKER_HOST,
      DOCKER_TLS_VERIFY: '1',
      DOCKER_CERT_PATH: directory,
    })

    expect(await askEngine(address, '/_ping', 5_000)).toEqual({ status: 200, text: '"/_ping"' })
    expect(await new Dockerode(toClientOptions(address)).version()).toBe('/version')
  })

  it('does not answer who does not encrypt, or does not trust it', async () => {
    const port = await start()
    const host = '127.0.0.1'
    const certificates = { ca: '', cert: read('cert.pem'), key: read('key.pem') }

    await expect(askEngine({ host, port, certificates: undefined }, '/', 5_000)).rejects.toThrow()
    await expect(askEngine({ host, port, certificates }, '/', 5_000)).rejects.toThrow('self-signed')
  })

  it('needs its certificates, and says where they were looked for', async () => {
    const env = { DOCKER_HOST: 'tcp://engine', DOCKER_TLS_VERIFY: '1', DOCKER_CERT_PATH: '/nowhere' }

    await expect(readEngineAddress(env)).rejects.toThrow(
      '/nowhere/ca.pem cannot be read: DOCKER_CERT_PATH has',
    )
  })
})
