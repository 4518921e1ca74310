import { randomUUID } from 'node:crypto'
import { readdir, rm } from 'node:fs/promises'
import { basename, dirname, join } from 'node:path'
import type { Logger } from '../../../logger.js'
import { describeEngineError } from '../engine-error.js'
import { removeTree } from '../remove-tree.js'
import type { Traces } from './traces.js'

/**
 * Calls `use` with a path beside `path` that nobody else has, `<path>.<instance>.<random>`, and at last removes what is
 * there.
 */
export async function withTemporary<T>(
  { instance, inUse }: Traces,
  path: string,
  use: (temporary: string) => Promise<T>,
): Promise<T> {
  const temporary = join(dirname(path), `${basename(path)}.${toMark(instance)}.${randomUUID()}`)
  inUse.add(temporary)
  try {
    return await use(temporary)
  } finally {
    await rm(temporary, { recursive: true, force: true })
    inUse.delete(temporary)
  }
}

/**
 * Removes what an earlier runner of this instance left in a directory by {@link withTemporary}. What cannot be removed
 * is logged.
 *
 * @returns whether nothing stays.
 */
export async function sweepTemporaries(
  directory: string,
  { instance, inUse }: Traces,
  logger: Logger,
): Promise<boolean> {
  let isDone = true
  for (const name of await readdir(directory).catch(() => [])) {
    const path = join(directory, name)
    if (name.split('.').at(-2) !== toMark(instance) || inUse.has(path)) continue
    try {
      await removeTree(path)
    } catch (error) {
      logger.warn(`${path} that an earlier runner left stays: ${describeEngineError(error)}`)
      isDone = false
    }
  }
  return isDone
}

/** The name of an instance, as a part of a file's name without a dot. */
const toMark = (instance: string): string => encodeURIComponent(instance).replaceAll('.', '%2E')
