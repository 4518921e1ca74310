import type { Context } from '../../context.js'

const PARTS = 16

/** Takes a file away that no project has. */
export async function removeFile({ store, blobs }: Context, sha256: string): Promise<void> {
  let freed: Promise<void> | undefined
  await store.blobs.discard(sha256, async () => {
    freed = (await blobs.discard(sha256)).freed
  })
  await freed
}

/**
 * Makes a step that looks for files that no project has, such as what a crash left: one folder each time, a sixteenth of
 * all in one round.
 */
export function sweepFiles(context: Context, position: number): () => Promise<boolean> {
  const folders = context.blobs.list(position % PARTS)[Symbol.asyncIterator]()
  return async () => {
    const next = await folders.next()
    if (next.done === true) return false
    for (const sha256 of await context.store.blobs.listUnowned(next.value)) await removeFile(context, sha256)
    return true
  }
}
