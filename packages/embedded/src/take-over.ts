import { link, readdir, readFile, rm, writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { isDeadInstance } from './instance.js'

const KEEPER = /^keeper\.([1-9]\d*)$/

/**
 * Takes over what a dead runner left in its directory, so that one living runner at a time looks after it. Each that
 * takes over leaves its name under the next number, which the file system gives to one only.
 *
 * @returns `false` when the runner is alive, or another that is alive has taken over.
 */
export async function takeOver(directory: string, instance: string, heir: string): Promise<boolean> {
  if (!isDeadInstance(instance)) return false
  const { last, keeper } = await findKeeper(directory)
  if (keeper === heir) return true
  if (keeper !== undefined && !isDeadInstance(keeper)) return false
  const own = join(directory, `keeper-${heir}`)
  await writeFile(own, heir, { mode: 0o600 })
  try {
    // A link appears with its content, and never in place of another.
    await link(own, join(directory, `keeper.${last + 1}`))
    return true
  } catch (error) {
    if (error instanceof Error && 'code' in error && error.code === 'EEXIST') return false
    throw error
  } finally {
    await rm(own, { force: true })
  }
}

/** Leaves what was taken over to whoever comes next. */
export async function leave(directory: string, heir: string): Promise<void> {
  const { last, keeper } = await findKeeper(directory)
  if (keeper === heir) await rm(join(directory, `keeper.${last}`))
}

async function findKeeper(directory: string): Promise<{ last: number; keeper: string | undefined }> {
  const names = await readdir(directory)
  const last = Math.max(0, ...names.map((name) => Number(KEEPER.exec(name)?.[1] ?? 0)))
  const keeper = last === 0 ? undefined : await readFile(join(directory, `keeper.${last}`), 'utf8')
  return { last, keeper }
}
