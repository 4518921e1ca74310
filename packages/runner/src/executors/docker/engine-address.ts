import { parseEngineLocation } from '@rgrid/protocol'
import { readFile } from 'node:fs/promises'
import { request as requestPlain, type ClientRequest, type RequestOptions } from 'node:http'
import { request as requestEncrypted } from 'node:https'
import { join } from 'node:path'

/** Where a Docker engine is, with all that it takes to speak to it. */
export type EngineAddress =
  | { readonly socketPath: string }
  | {
      readonly host: string
      readonly port: number
      /** `undefined` where nothing is encrypted. */
      readonly certificates: EngineCertificates | undefined
    }

/** What an encrypted connection takes: the engine proves who it is, and so does the runner. */
export interface EngineCertificates {
  readonly ca: string
  readonly cert: string
  readonly key: string
}

// A connection on which nothing comes for long is asked for, so that a machine that is gone is noticed.
const KEEP_ALIVE_MS = 30_000

/**
 * Reads the address of the engine from the variables of Docker's own client, and its certificates.
 *
 * @throws TypeError when `DOCKER_HOST` is not supported or a certificate cannot be read.
 */
export async function readEngineAddress(
  env: Readonly<Record<string, string | undefined>>,
): Promise<EngineAddress> {
  const location = parseEngineLocation(env)
  if ('socketPath' in location) return location
  const { host, port, certDirectory } = location
  if (certDirectory === undefined) return { host, port, certificates: undefined }
  const [ca, cert, key] = await Promise.all(
    (['ca.pem', 'cert.pem', 'key.pem'] as const).map((name) => readCertificate(join(certDirectory, name))),
  )
  return { host, port, certificates: { ca: ca ?? '', cert: cert ?? '', key: key ?? '' } }
}

/** Writes an address as it would be in `DOCKER_HOST`. */
export function formatEngineAddress(address: EngineAddress): string {
  if ('socketPath' in address) return `unix://${address.socketPath}`
  const { host, port } = address
  return `tcp://${host.includes(':') ? `[${host}]` : host}:${port}`
}

/** Opens a request to an engine over a connection of its own. */
export function requestEngine(address: EngineAddress, options: RequestOptions): ClientRequest {
  const question =
    'certificates' in address && address.certificates !== undefined
      ? requestEncrypted({ ...options, ...address.certificates, ...toTarget(address), agent: false })
      : requestPlain({ ...options, ...toTarget(address), agent: false })
  question.once('socket', (socket) => socket.setKeepAlive(true, KEEP_ALIVE_MS))
  return question
}

/** What the Docker client is made with. It would fill up what is not said from the environment. */
export function toClientOptions(address: EngineAddress) {
  const nothing = { socketPath: undefined, host: undefined, port: undefined }
  if ('socketPath' in address)
    return { ...nothing, ...NO_CERTIFICATES, ...address, protocol: 'http' as const }
  const { host, port, certificates } = address
  const protocol = certificates === undefined ? ('http' as const) : ('https' as const)
  return { ...nothing, ...NO_CERTIFICATES, ...certificates, host, port, protocol }
}

const NO_CERTIFICATES = { ca: undefined, cert: undefined, key: undefined }

const toTarget = (address: EngineAddress): RequestOptions =>
  'socketPath' in address ? { socketPath: address.socketPath } : { host: address.host, port: address.port }

async function readCertificate(path: string): Promise<string> {
  try {
    return await readFile(path, 'utf8')
  } catch (cause) {
    throw new TypeError(
      `DOCKER_TLS_VERIFY is set, and ${path} cannot be read: DOCKER_CERT_PATH has to name the directory of ca.pem, cert.pem and key.pem`,
      { cause },
    )
  }
}
