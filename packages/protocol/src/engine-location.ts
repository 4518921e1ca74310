/** Where a Docker engine listens: behind a socket of this machine, or at a port of any machine. */
export type EngineLocation =
  | { readonly socketPath: string }
  | {
      readonly host: string
      readonly port: number
      /** The directory of `ca.pem`, `cert.pem` and `key.pem`; `undefined` where nothing is encrypted. */
      readonly certDirectory: string | undefined
    }

const DEFAULT_SOCKET_PATH = '/var/run/docker.sock'
const PLAIN_PORT = 2375
const TLS_PORT = 2376

/**
 * Reads where the Docker engine is from `DOCKER_HOST`, `DOCKER_TLS_VERIFY` and `DOCKER_CERT_PATH`, as Docker's own client
 * does: encrypted only with `DOCKER_TLS_VERIFY`, and then with the files in `DOCKER_CERT_PATH`, else in Docker's
 * configuration directory.
 *
 * @throws TypeError when it is neither a socket nor a port, such as with `ssh://`.
 */
export function parseEngineLocation(env: Readonly<Record<string, string | undefined>>): EngineLocation {
  const text = env['DOCKER_HOST'] || `unix://${DEFAULT_SOCKET_PATH}`
  const socketPath = /^unix:\/\/(\/.+)$/.exec(text)?.[1]
  if (socketPath !== undefined) return { socketPath }
  if (!text.startsWith('tcp://') || !URL.canParse(text)) throw refuse(text)
  const { hostname, port, pathname, search, hash, username } = new URL(text)
  if (hostname === '' || ![pathname, search, hash, username].every((part) => part === '' || part === '/'))
    throw refuse(text)
  const isEncrypted = Boolean(env['DOCKER_TLS_VERIFY'])
  return {
    host: hostname.replace(/^\[(.+)\]$/, '$1'),
    port: port === '' ? (isEncrypted ? TLS_PORT : PLAIN_PORT) : Number(port),
    certDirectory: isEncrypted ? getCertDirectory(env) : undefined,
  }
}

const getCertDirectory = (env: Readonly<Record<string, string | undefined>>): string =>
  env['DOCKER_CERT_PATH'] || env['DOCKER_CONFIG'] || `${env['HOME'] ?? ''}/.docker`

const refuse = (text: string): TypeError =>
  new TypeError(
    `DOCKER_HOST is ${text}, which is not supported: it can be a socket of this machine, unix:///var/run/docker.sock, or a port, tcp://host:2375`,
  )
