import { parseEngineLocation } from '@rgrid/protocol'
import { readFile } from 'node:fs/promises'
import { request as requestPlain, type RequestOptions } from 'node:http'
import { request as requestEncrypted } from 'node:https'
import { join } from 'node:path'
import { messageOf } from '../errors.js'

type Env = Readonly<Record<string, string | undefined>>

const PATIENCE_MS = 2_000
const DEFAULT_HOST = 'unix:///var/run/docker.sock'

/** Where the Docker engine is: `DOCKER_HOST`, else the default socket. */
export const findEngine = (env: Env): string => env['DOCKER_HOST'] || DEFAULT_HOST

/** Asks a Docker engine; resolves with the status of its answer, or with what is wrong. */
export async function askEngine(env: Env, path: string): Promise<number | string> {
  try {
    return await ask({ ...(await findTarget(env)), path, timeout: PATIENCE_MS })
  } catch (error) {
    return error instanceof Error && 'code' in error ? String(error.code) : messageOf(error)
  }
}

function ask(options: RequestOptions): Promise<number> {
  return new Promise((resolve, reject) => {
    const request = 'ca' in options ? requestEncrypted : requestPlain
    const asked = request(options, (response) => {
      response.resume()
      resolve(response.statusCode ?? 0)
    })
    asked.on('timeout', () => asked.destroy(new Error('no answer in time')))
    asked.on('error', reject)
    asked.end()
  })
}

async function findTarget(env: Env): Promise<RequestOptions> {
  const location = parseEngineLocation(env)
  if ('socketPath' in location) return location
  const { host, port, certDirectory } = location
  if (certDirectory === undefined) return { host, port }
  const read = (name: string): Promise<string> => readFile(join(certDirectory, name), 'utf8')
  const [ca, cert, key] = await Promise.all([read('ca.pem'), read('cert.pem'), read('key.pem')])
  const encrypted = { host, port, ca, cert, key }
  return encrypted
}
