import { request } from 'node:http'

const PATIENCE_MS = 2_000
const DEFAULT_HOST = 'unix:///var/run/docker.sock'

/** Where the Docker engine is: `DOCKER_HOST`, else the default socket. */
export const findEngine = (env: Readonly<Record<string, string | undefined>>): string =>
  env['DOCKER_HOST'] || DEFAULT_HOST

/** Asks a Docker engine; resolves with the status of its answer, or with what is wrong. */
export function askEngine(host: string, path: string): Promise<number | string> {
  const target = toTarget(host)
  if (target === undefined) return Promise.resolve('this address cannot be checked')
  return new Promise((resolve) => {
    const asked = request({ ...target, path, timeout: PATIENCE_MS }, (response) => {
      response.resume()
      resolve(response.statusCode ?? 0)
    })
    asked.on('timeout', () => asked.destroy(new Error('no answer in time')))
    asked.on('error', (error) => resolve('code' in error ? String(error.code) : error.message))
    asked.end()
  })
}

function toTarget(host: string): { socketPath: string } | { host: string; port: string } | undefined {
  if (host.startsWith('unix://')) return { socketPath: host.slice('unix://'.length) }
  if (!host.startsWith('tcp://') || !URL.canParse(host)) return undefined
  const { hostname, port } = new URL(host.replace('tcp:', 'http:'))
  return { host: hostname, port: port || '2375' }
}
