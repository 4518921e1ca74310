import { readFileSync } from 'node:fs'
import { request } from 'node:http'
import { join } from 'node:path'

const SOCKET = '/var/run/docker.sock'

/** What the engine lists of a container. */
export interface ListedContainer {
  readonly Id: string
  readonly Names: readonly string[]
  readonly Command: string
  readonly State: string
  readonly Mounts: readonly { readonly Source: string; readonly Destination: string }[]
}

/** Asks the engine something, as a person at the machine would. */
export function askEngine(method: 'GET' | 'POST' | 'DELETE', path: string): Promise<string> {
  return new Promise((resolve, reject) => {
    const question = request({ socketPath: SOCKET, method, path, agent: false }, (response) => {
      let text = ''
      response.setEncoding('utf8')
      response.on('data', (piece: string) => (text += piece))
      response.once('end', () => {
        if ((response.statusCode ?? 500) < 400) resolve(text)
        else reject(new Error(`${method} ${path}: ${text}`))
      })
      response.once('error', reject)
    })
    question.once('error', reject)
    question.end()
  })
}

/** The containers of a runner, in whatever state. */
export async function listContainers(instance: string): Promise<ListedContainer[]> {
  const filters = encodeURIComponent(JSON.stringify({ label: [`rgrid.instance=${instance}`] }))
  return JSON.parse(await askEngine('GET', `/containers/json?all=1&filters=${filters}`)) as ListedContainer[]
}

/** Where the runner keeps the files of a container. */
export function getHome({ Mounts }: ListedContainer): string {
  const source = Mounts.find(({ Destination }) => Destination === '/rgrid')?.Source ?? ''
  return source.replace(/\/rgrid$/, '')
}

/** What a container was given to start: one of these files, by the way it starts it. */
export function readLaunch(home: string): string {
  const read = (name: string): string => {
    try {
      return readFileSync(join(home, 'rgrid', name), 'utf8')
    } catch {
      return ''
    }
  }
  return ['launch', 'call'].map(read).join('')
}
