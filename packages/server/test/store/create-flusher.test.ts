import { expect, test } from 'vitest'
import { createFlusher } from '../../src/store/sqlite/create-flusher.js'

const settle = (): Promise<void> => new Promise((resolve) => setImmediate(resolve))

/** A disk that takes its time, and fails when it is told to. */
function createDisk() {
  const waiting: { resolve: () => void; reject: (error: Error) => void }[] = []
  let syncs = 0
  let isClosed = false
  const flusher = createFlusher('nowhere', () =>
    Promise.resolve({
      datasync() {
        syncs += 1
        return new Promise<void>((resolve, reject) => waiting.push({ resolve, reject }))
      },
      close() {
        isClosed = true
        return Promise.resolve()
      },
    }),
  )
  return {
    ...flusher,
    countSyncs: () => syncs,
    isClosed: () => isClosed,
    async finish() {
      waiting.shift()?.resolve()
      await settle()
    },
    async fail() {
      waiting.shift()?.reject(new Error('EIO'))
      await settle()
    },
    /** Flushes, and says later whether that has come to an end. */
    watch() {
      let state: 'waiting' | 'done' | 'failed' = 'waiting'
      flusher.flush().then(
        () => (state = 'done'),
        () => (state = 'failed'),
      )
      return () => state
    },
  }
}

test('does nothing when nothing was written', async () => {
  const disk = createDisk()
  await disk.flush()

  expect(disk.countSyncs()).toBe(0)
})

test('waits for the disk after a write, and not again', async () => {
  const disk = createDisk()
  disk.noteWrite()
  const first = disk.watch()
  await settle()
  const early = first()
  await disk.finish()
  await disk.flush()

  expect([early, first(), disk.countSyncs()]).toEqual(['waiting', 'done', 1])
})

test('shares one look at the disk among all that have written before it', async () => {
  const disk = createDisk()
  disk.noteWrite()
  const all = [disk.watch(), disk.watch(), disk.watch()]
  await settle()
  await disk.finish()

  expect(all.map((state) => state())).toEqual(['done', 'done', 'done'])
  expect(disk.countSyncs()).toBe(1)
})

test('looks again for what was written while it looked', async () => {
  const disk = createDisk()
  disk.noteWrite()
  const first = disk.watch()
  await settle()
  disk.noteWrite()
  const later = [disk.watch(), disk.watch()]
  await settle()
  const syncs = disk.countSyncs()
  await disk.finish()
  await settle()
  const between = [first(), ...later.map((state) => state())]
  await disk.finish()

  expect(between).toEqual(['done', 'waiting', 'waiting'])
  expect(later.map((state) => state())).toEqual(['done', 'done'])
  expect([syncs, disk.countSyncs()]).toEqual([1, 2])
})

test('tells of a disk that fails, and tries again for the next', async () => {
  const disk = createDisk()
  disk.noteWrite()
  const first = disk.watch()
  await settle()
  await disk.fail()
  const second = disk.watch()
  await settle()
  await disk.finish()

  expect([first(), second(), disk.countSyncs()]).toEqual(['failed', 'done', 2])
})

test('opens its file again where that has failed', async () => {
  let opened = 0
  const flusher = createFlusher('nowhere', () => {
    opened += 1
    if (opened === 1) return Promise.reject(new Error('EMFILE'))
    return Promise.resolve({ datasync: () => Promise.resolve(), close: () => Promise.resolve() })
  })
  flusher.noteWrite()
  const first = await flusher.flush().catch((error: unknown) => String(error))
  await flusher.flush()

  expect([first, opened]).toEqual(['Error: EMFILE', 2])
})

test('closes its file when nothing is under way any more', async () => {
  const disk = createDisk()
  disk.noteWrite()
  disk.watch()
  await settle()
  const closed = disk.close()
  const early = disk.isClosed()
  await disk.finish()
  await closed

  expect([early, disk.isClosed()]).toEqual([false, true])
})
