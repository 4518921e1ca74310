import { randomUUID } from 'node:crypto'
import {
  mkdir,
  readdir,
  readFile,
  readlink,
  rename,
  rm,
  stat,
  symlink,
  unlink,
  utimes,
  writeFile,
} from 'node:fs/promises'
import { join } from 'node:path'
import * as z from 'zod'
import type { Layer } from '../executors/executor.js'
import { flushTree } from '../flush-tree.js'
import { measureDirectory } from './measure-directory.js'

/*
 * On the disk, a layer is `<key>.<random>/`, made at the path where it stays, as virtual environments cannot be moved:
 *
 *   <key>                     a link to the directory, made last and at once: without it there is no such layer
 *   <key>.<random>/state.json what it is, and by its time when it was last used
 *   <key>.<random>/deps/      the layer
 *   <key>.<random>/...        the installer's own, removed before the link is made
 *
 * Who is killed leaves a directory without a link. Two who install the same both make a directory, and one the link.
 */

const stateSchema = z.object({
  state: z.enum(['installing', 'complete']),
  kind: z.enum(['python', 'node']),
  instance: z.string(),
  bytes: z.number(),
})

type State = z.infer<typeof stateSchema>

/** A directory of the store, complete or not. */
export interface StoredLayer extends State {
  readonly name: string
  readonly path: string
  readonly key: string
  readonly usedAtMs: number
}

/** Where layers are on the disk; safe to use from several runners at once. */
export interface LayerDirectory {
  find(key: string): Promise<Layer | undefined>
  /** Makes the directory of a layer that will be installed. */
  begin(key: string, kind: Layer['kind'], instance: string): Promise<StoredLayer>
  /** Makes an installed layer findable. When another runner was faster it is that one's, and this one is removed. */
  publish(layer: StoredLayer): Promise<Layer>
  /** Puts off the day that a layer is removed. */
  touch(name: string): Promise<void>
  list(): Promise<StoredLayer[]>
  /** Removes a layer, unless somebody has used it since it was listed. */
  remove(layer: StoredLayer): Promise<void>
}

const STATE = 'state.json'
const NAME = /^([0-9a-f]{64})\.[0-9a-f-]{36}$/

/** The file of a stored layer by whose time it was last used. */
export const toStatePath = (path: string): string => join(path, STATE)

/** Makes a {@link LayerDirectory} at a path, which is created at the first use. */
export function createLayerDirectory(root: string): LayerDirectory {
  const find = async (key: string): Promise<Layer | undefined> => {
    const name = await orUndefined(readlink(join(root, key)), 'ENOENT')
    const stored = name === undefined ? undefined : await readStored(root, name)
    if (stored?.state !== 'complete') return undefined
    await touch(stored.name)
    return toLayer(stored)
  }

  const touch = async (name: string): Promise<void> => {
    const now = new Date()
    await orUndefined(utimes(join(root, name, STATE), now, now), 'ENOENT')
  }

  const remove = async (layer: StoredLayer): Promise<void> => {
    const link = join(root, layer.key)
    const isLinked = (await orUndefined(readlink(link), 'ENOENT')) === layer.name
    if (isLinked) await orUndefined(unlink(link), 'ENOENT')
    const now = await readStored(root, layer.name)
    if (isLinked && now !== undefined && now.usedAtMs > layer.usedAtMs) {
      // Somebody found it just before: it stays, unless there is a new one by now.
      await orUndefined(symlink(layer.name, link), 'EEXIST')
      return
    }
    await rm(layer.path, { recursive: true, force: true })
  }

  return {
    find,
    touch,
    remove,
    async begin(key, kind, instance) {
      const name = `${key}.${randomUUID()}`
      const path = join(root, name)
      await mkdir(root, { recursive: true, mode: 0o755 })
      await mkdir(path, { mode: 0o755 })
      await writeState(path, { state: 'installing', kind, instance, bytes: 0 })
      await mkdir(join(path, 'deps'), { mode: 0o755 })
      return { name, path, key, kind, instance, state: 'installing', bytes: 0, usedAtMs: Date.now() }
    },
    async publish({ name, path, key, kind, instance }) {
      for (const entry of await readdir(path))
        if (entry !== 'deps' && entry !== STATE) await rm(join(path, entry), { recursive: true, force: true })
      const bytes = await measureDirectory(join(path, 'deps'))
      // Before it is called complete: after a power cut it would be, with empty files.
      await flushTree(join(path, 'deps'))
      await writeState(path, { state: 'complete', kind, instance, bytes })
      for (;;) {
        if (await hasLinked(name, join(root, key))) return toLayer({ path, key, kind })
        const other = await find(key)
        if (other !== undefined) {
          await rm(path, { recursive: true, force: true })
          return other
        }
        await orUndefined(unlink(join(root, key)), 'ENOENT')
      }
    },
    async list() {
      const names = (await orUndefined(readdir(root), 'ENOENT')) ?? []
      const found = await Promise.all(names.map((name) => readStored(root, name)))
      return found.filter((layer) => layer !== undefined)
    },
  }
}

const toLayer = ({ key, kind, path }: Pick<StoredLayer, 'key' | 'kind' | 'path'>): Layer => ({
  key,
  kind,
  directory: join(path, 'deps'),
})

async function readStored(root: string, name: string): Promise<StoredLayer | undefined> {
  const key = NAME.exec(name)?.[1]
  if (key === undefined) return undefined
  const path = join(root, name)
  const text = await orUndefined(readFile(join(path, STATE), 'utf8'), 'ENOENT')
  const stats = await orUndefined(stat(text === undefined ? path : join(path, STATE)), 'ENOENT')
  if (stats === undefined) return undefined
  return { ...parseState(text ?? ''), name, path, key, usedAtMs: stats.mtimeMs }
}

function parseState(text: string): State {
  try {
    return stateSchema.parse(JSON.parse(text))
  } catch {
    // Killed between two steps, or the power went: nobody goes on with such a directory.
    return { state: 'installing', kind: 'python', instance: '', bytes: 0 }
  }
}

async function writeState(path: string, state: State): Promise<void> {
  const temporary = join(path, `${STATE}.new`)
  await writeFile(temporary, JSON.stringify(state))
  await rename(temporary, join(path, STATE))
}

async function hasLinked(target: string, link: string): Promise<boolean> {
  const linked = symlink(target, link).then(() => true)
  return (await orUndefined(linked, 'EEXIST')) ?? false
}

/** What comes of a file system call; `undefined` when it fails with `code`. */
async function orUndefined<T>(call: Promise<T>, code: string): Promise<T | undefined> {
  try {
    return await call
  } catch (error) {
    if (error instanceof Error && 'code' in error && error.code === code) return undefined
    throw error
  }
}
