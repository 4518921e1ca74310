import Dockerode from 'dockerode'
import { randomUUID } from 'node:crypto'
import { mkdtemp, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { onTestFinished, vi } from 'vitest'
import { getContainerUser } from '../../../../src/executors/docker/container-user.js'
import {
  createImageStore,
  type ImageStore,
  type ImageStoreOptions,
} from '../../../../src/executors/docker/images/image-store.js'
import type { Waiter } from '../../../../src/executors/docker/images/shared-tasks.js'
import { DEFAULT_SOCKET_PATH } from '../../../../src/executors/docker/is-engine-answering.js'

export const docker = new Dockerode({ socketPath: DEFAULT_SOCKET_PATH })

/** Someone who waits, and hears what is told. */
export interface Listener extends Waiter {
  readonly messages: string[]
}

export function listen(signal: AbortSignal = AbortSignal.timeout(120_000)): Listener {
  const messages: string[] = []
  return { messages, signal, onProgress: (message) => messages.push(message) }
}

export async function makeDirectory(): Promise<string> {
  const directory = await mkdtemp(join(tmpdir(), 'rgrid-images-'))
  onTestFinished(() => rm(directory, { recursive: true }))
  return directory
}

/** A store in a directory of its own, unless one is given. */
export async function makeStore(options: Partial<ImageStoreOptions> = {}) {
  const connect = vi.fn(async () => docker)
  const warnings: string[] = []
  const cacheDirectory = options.cacheDirectory ?? (await makeDirectory())
  const store: ImageStore = createImageStore({
    instance: `images-${randomUUID()}`,
    connect,
    address: { socketPath: DEFAULT_SOCKET_PATH },
    user: getContainerUser(),
    logger: { info: () => undefined, warn: (message) => warnings.push(message) },
    ...options,
    cacheDirectory,
  })
  onTestFinished(() => store.close())
  return { store, connect, cacheDirectory, warnings }
}
