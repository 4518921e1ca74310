import { request, type IncomingMessage } from 'node:http'
import { createInterface } from 'node:readline'
import { dirname } from 'node:path'

const SOCKET = '/var/run/docker.sock'
const IMAGE = 'rgrid-test/python'
const BARE_IMAGE = 'rgrid-test/python-bare'
// Containers of scripts, and those that look at images.
const INSTANCES = ['rgrid.instance', 'rgrid.probe']

/** What the engine lists of a container. */
export interface ListedContainer {
  readonly Id: string
  readonly Names: readonly string[]
  readonly Command: string
  readonly State: string
  readonly Labels: Readonly<Record<string, string>>
  readonly Mounts: readonly { readonly Source: string; readonly Destination: string }[]
}

/** Asks the engine something, as a person at the machine would. */
export async function askEngine(
  method: 'GET' | 'POST' | 'DELETE',
  path: string,
  body?: object,
): Promise<string> {
  const response = await open(method, path, body)
  let text = ''
  for await (const piece of response.setEncoding('utf8')) text += String(piece)
  if ((response.statusCode ?? 500) >= 400) throw new Error(`${method} ${path}: ${text}`)
  return text
}

/** All containers that are of any runner, in whatever state. */
export async function listContainers(): Promise<ListedContainer[]> {
  const all = JSON.parse(await askEngine('GET', '/containers/json?all=1')) as ListedContainer[]
  return all.filter((container) => getInstance(container) !== '')
}

/** The runner that a container is of. */
export const getInstance = ({ Labels }: Pick<ListedContainer, 'Labels'>): string =>
  INSTANCES.map((label) => Labels[label]).find((instance) => instance !== undefined) ?? ''

/** Where the runner keeps the files of a container; nothing for those that look at images. */
export function getHome({ Mounts }: ListedContainer): string | undefined {
  const source = Mounts.find(({ Destination }) => Destination === '/rgrid')?.Source
  return source === undefined ? undefined : dirname(source)
}

/** How a container that no runner made is made. */
export interface StrangerOptions {
  /** @default one with a shell and Python */
  readonly image?: string
  readonly labels?: Readonly<Record<string, string>>
  readonly command?: readonly string[]
  readonly hostConfig?: object
}

/** Makes a container that no runner made. Not started. */
export async function createStranger({
  image = IMAGE,
  labels = {},
  command = ['sleep', '900'],
  hostConfig = {},
}: StrangerOptions): Promise<string> {
  const body = { Image: image, Entrypoint: command, Labels: labels, HostConfig: hostConfig }
  return (JSON.parse(await askEngine('POST', '/containers/create', body)) as { Id: string }).Id
}

/** What a container is about, or `undefined` when it is not there. */
export async function getState(id: string): Promise<string | undefined> {
  try {
    const { State } = JSON.parse(await askEngine('GET', `/containers/${id}/json`)) as {
      State: { Status: string }
    }
    return State.Status
  } catch {
    return undefined
  }
}

/** Removes a container, whatever it is about. */
export async function remove(id: string): Promise<void> {
  await askEngine('DELETE', `/containers/${id}?force=1&v=1`).catch(() => undefined)
}

/** Makes an image that no runner has seen, whose Python comes without a compiled library. Returns its id. */
export async function makeImage(name: string): Promise<string> {
  const container = await createStranger({ image: BARE_IMAGE })
  try {
    const answer = await askEngine('POST', `/commit?container=${container}&repo=${name}&tag=latest`)
    return (JSON.parse(answer) as { Id: string }).Id
  } finally {
    await remove(container)
  }
}

/** Removes an image. */
export async function removeImage(name: string): Promise<void> {
  await askEngine('DELETE', `/images/${name}?force=1`).catch(() => undefined)
}

/** What the engine has done with a container of a runner. */
export interface EngineDeed {
  readonly action: 'create' | 'start' | 'destroy'
  readonly instance: string
  /** Whether it looks at an image. */
  readonly isProbe: boolean
}

/** Calls back when the engine makes, starts or removes a container of a runner. Returns a way to stop. */
export async function followEngine(listener: (deed: EngineDeed) => void): Promise<() => void> {
  const filters = { type: ['container'], event: ['create', 'start', 'destroy'] }
  const response = await open('GET', `/events?filters=${encodeURIComponent(JSON.stringify(filters))}`)
  response.on('error', () => undefined)
  createInterface({ input: response }).on('line', (line) => {
    const { Action: action, Actor } = JSON.parse(line) as EngineEvent
    const { Attributes: Labels } = Actor
    const instance = getInstance({ Labels })
    if (instance !== '') listener({ action, instance, isProbe: 'rgrid.probe' in Labels })
  })
  return () => void response.destroy()
}

interface EngineEvent {
  readonly Action: 'create' | 'start' | 'destroy'
  readonly Actor: { readonly Attributes: Readonly<Record<string, string>> }
}

function open(method: string, path: string, body?: object): Promise<IncomingMessage> {
  return new Promise((resolve, reject) => {
    const headers = body === undefined ? {} : { 'content-type': 'application/json' }
    const question = request({ socketPath: SOCKET, method, path, headers, agent: false }, resolve)
    question.once('error', reject)
    question.end(body === undefined ? undefined : JSON.stringify(body))
  })
}
