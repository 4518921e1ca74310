import { readdir, rm, stat } from 'node:fs/promises'
import { join } from 'node:path'
import type { Logger } from '../logger.js'
import { chooseEvicted, type Evictable, type EvictionPolicy } from './evict.js'
import type { InUse } from './in-use.js'
import { toStatePath, type LayerDirectory, type StoredLayer } from './layer-directory.js'
import { measureDirectory } from './measure-directory.js'

/** What a pruner works on. */
export interface PrunerOptions {
  readonly layers: LayerDirectory
  readonly cacheRoot: string
  readonly inUse: InUse
  readonly policy: EvictionPolicy
  readonly logger: Logger
}

/** Removes what is too old or too much. */
export interface Pruner {
  /** One after the other, however often it is called. Never rejects. */
  prune(): Promise<void>
  /** Finds layers that were begun and are not being installed by this runner. */
  findUnfinished(): Promise<StoredLayer[]>
  /** Removes those of them that nobody goes on with. */
  removeUnfinished(isStale: (layer: StoredLayer) => boolean): Promise<void>
  /** Removes one layer; a failure is logged. */
  remove(layer: StoredLayer): Promise<void>
}

interface Item extends Evictable {
  readonly path: string
  readonly remove: () => Promise<void>
}

/** Makes a {@link Pruner}. */
export function createPruner({ layers, cacheRoot, inUse, policy, logger }: PrunerOptions): Pruner {
  let last: Promise<void> = Promise.resolve()

  const remove = async (layer: StoredLayer): Promise<void> => {
    try {
      await layers.remove(layer)
    } catch (error) {
      logger.warn(`the layer ${layer.path} could not be removed: ${String(error)}`)
    }
  }

  const findUnfinished = async (): Promise<StoredLayer[]> =>
    (await layers.list()).filter(({ state, path }) => state === 'installing' && !inUse.has(toStatePath(path)))

  const removeUnfinished = async (isStale: (layer: StoredLayer) => boolean): Promise<void> => {
    for (const layer of (await findUnfinished()).filter(isStale)) await remove(layer)
  }

  const list = async (): Promise<Item[]> => {
    const items: Item[] = (await layers.list()).map((layer) => ({
      ...layer,
      isRetained: inUse.has(toStatePath(layer.path)),
      remove: () => remove(layer),
    }))
    for (const name of await readdir(cacheRoot).catch(() => [])) {
      const path = join(cacheRoot, name)
      const stats = await stat(path).catch(() => undefined)
      if (stats === undefined) continue
      const bytes = await measureDirectory(path)
      const removeCache = (): Promise<void> => rm(path, { recursive: true, force: true })
      items.push({ path, bytes, usedAtMs: stats.mtimeMs, isRetained: inUse.has(path), remove: removeCache })
    }
    return items
  }

  const pruneNow = async (): Promise<void> => {
    // Nobody goes on with those, however much room there is.
    await removeUnfinished(({ usedAtMs }) => Date.now() - usedAtMs > policy.spareMs)
    for (const { path, remove: removeItem } of chooseEvicted(await list(), policy, Date.now())) {
      logger.info(`removing ${path} to make room`)
      await removeItem()
    }
  }

  return {
    remove,
    findUnfinished,
    removeUnfinished,
    prune: () =>
      (last = last
        .then(pruneNow)
        .catch((error: unknown) => logger.warn(`layers could not be removed: ${String(error)}`))),
  }
}
