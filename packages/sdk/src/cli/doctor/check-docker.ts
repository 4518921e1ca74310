import { request } from 'node:http'
import { check, type Check } from './check.js'

const PATIENCE_MS = 2_000
const DEFAULT_HOST = 'unix:///var/run/docker.sock'

/** Whether a Docker engine answers where `DOCKER_HOST`, else the default socket, points. */
export async function checkDocker(env: Readonly<Record<string, string | undefined>>): Promise<Check> {
  const host = env['DOCKER_HOST'] || DEFAULT_HOST
  const fault = await ping(host)
  if (fault === undefined) return check('docker', 'ok', `the engine at ${host} answers`)
  return check(
    'docker',
    'warn',
    `no engine answers at ${host} (${fault}): scripts run as plain processes, without isolation`,
  )
}

function ping(host: string): Promise<string | undefined> {
  const target = toTarget(host)
  if (target === undefined) return Promise.resolve('this address cannot be checked')
  return new Promise((resolve) => {
    const asked = request({ ...target, path: '/_ping', timeout: PATIENCE_MS }, (response) => {
      response.resume()
      resolve(response.statusCode === 200 ? undefined : `status ${response.statusCode}`)
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
