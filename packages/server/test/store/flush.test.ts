import { open } from 'node:fs/promises'
import { join } from 'node:path'
import { expect, onTestFinished, test, vi } from 'vitest'
import { createSqliteStore } from '../../src/index.js'
import { createTempDir } from '../server-fixture.js'

/** Counts how often any file is brought to the disk. */
async function countSyncs(directory: string): Promise<() => number> {
  const file = await open(join(directory, 'any'), 'w')
  const prototype = Object.getPrototypeOf(file) as typeof file
  await file.close()
  const datasync = vi.spyOn(prototype, 'datasync')
  onTestFinished(() => datasync.mockRestore())
  return () => datasync.mock.calls.length
}

test('a store in a file is brought to the disk after a write, and only then', async () => {
  const directory = await createTempDir()
  const count = await countSyncs(directory)
  const store = createSqliteStore({ path: join(directory, 'rgrid.db') })
  onTestFinished(() => store.close())
  await store.blobs.find('default', 'a')
  await store.flush()
  const afterRead = count()
  await store.blobs.add('default', 'a', 1, () => Promise.resolve(true))
  await store.flush()
  const afterWrite = count()
  await store.keys.addFirst([{ id: 'a', project: 'default', scopes: ['read'], secretHash: Buffer.alloc(32) }])
  await store.flush()
  const afterTransaction = count()
  await store.flush()

  expect([afterRead, afterWrite, afterTransaction, count()]).toEqual([0, 1, 2, 2])
})

test('a store in memory has nothing to bring there', async () => {
  const count = await countSyncs(await createTempDir())
  const store = createSqliteStore({ path: ':memory:' })
  onTestFinished(() => store.close())
  await store.blobs.add('default', 'a', 1, () => Promise.resolve(true))
  await store.flush()

  expect(count()).toBe(0)
})
