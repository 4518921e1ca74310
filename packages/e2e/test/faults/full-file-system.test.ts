import { createWriteStream, mkdtempSync, readdirSync, rmSync, truncateSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { Readable } from 'node:stream'
import { pipeline } from 'node:stream/promises'
import { describe, expect, onTestFinished, test } from 'vitest'
import { openProcessServer } from './support/process-server.js'
import { canMount, createSmallDisk } from './support/small-disk.js'

const MIB = 1024 * 1024
const DISK_MIB = 24
const NO_ROOM = 'the server has no room left for files: free some space on its disk'

/** The names of all files below a directory. */
const listFiles = (directory: string): string[] =>
  readdirSync(directory, { recursive: true, withFileTypes: true })
    .filter((entry) => entry.isFile())
    .map(({ name }) => name)

function openSmallDisk(): string {
  const disk = createSmallDisk(DISK_MIB)
  if (disk === undefined) throw new Error('no file system can be mounted any more')
  onTestFinished(() => disk.remove())
  return disk.directory
}

/** A server that keeps all it has on a small disk, with a runner that does not. */
async function openSmallServer() {
  const small = openSmallDisk()
  const directory = mkdtempSync(join(tmpdir(), 'rgrid-beside-'))
  const client = await openProcessServer({ directory, kept: small })
  return { client, small, cwd: directory }
}

/** Takes what is left of a disk, and returns a way to give it back. */
async function fill(directory: string): Promise<() => void> {
  const path = join(directory, 'filler')
  const zeros = Readable.from(
    (function* () {
      for (;;) yield Buffer.alloc(64 * 1024)
    })(),
  )
  await pipeline(zeros, createWriteStream(path)).catch(() => undefined)
  return () => rmSync(path)
}

describe.skipIf(!canMount())('a disk that is really full', () => {
  test('of a server refuses an input that does not fit, keeps nothing of it, and starts nothing', async () => {
    const { client, small, cwd } = await openSmallServer()
    writeFileSync(join(cwd, 'large.bin'), '')
    truncateSync(join(cwd, 'large.bin'), 2 * DISK_MIB * MIB)

    const refused = client.run('hello.sh', { cwd, inputs: ['large.bin'] })

    await expect(refused).rejects.toMatchObject({
      code: 'storage_full',
      message: expect.stringContaining(NO_ROOM) as string,
    })
    expect(listFiles(join(small, 'blobs'))).toEqual([])
    expect((await client.list()).executions).toEqual([])
    expect((await client.run('hello.sh', { cwd })).stdout).toBe('hello\n')
  })

  test('of a server refuses whatever comes, and takes it when there is room again', async () => {
    const { client, small, cwd } = await openSmallServer()
    await client.run('hello.sh', { cwd })
    const giveBack = await fill(small)
    writeFileSync(join(cwd, 'input.txt'), 'x'.repeat(200_000))
    const call = { cwd, inputs: ['input.txt'] }

    await expect(client.run('hello.sh', call)).rejects.toMatchObject({ code: 'storage_full' })
    giveBack()

    expect(await client.run('hello.sh', call)).toMatchObject({ status: 'completed', stdout: 'hello\n' })
    expect((await client.list()).executions).toHaveLength(2)
  })

  test('of a server fails a script whose files do not fit, and says so', async () => {
    const { client, small, cwd } = await openSmallServer()
    writeFileSync(join(cwd, 'make.sh'), `echo made; head -c ${2 * DISK_MIB * MIB} /dev/zero > large.bin`)

    const result = await client.run('make.sh', { cwd })

    expect(result).toMatchObject({ status: 'failed', cause: 'blob_store', stdout: 'made\n', artifacts: [] })
    expect(result.message).toContain(NO_ROOM)
    expect(listFiles(join(small, 'blobs'))).toEqual([])
  })

  test('of a caller gets no half of a file, and is told which are missing', async () => {
    const { client, cwd } = await openSmallServer()
    writeFileSync(join(cwd, 'make.sh'), `head -c ${8 * MIB} /dev/urandom > large.bin; echo small > small.txt`)
    const result = await client.run('make.sh', { cwd })
    const target = openSmallDisk()
    writeFileSync(join(target, 'filler'), Buffer.alloc((DISK_MIB - 4) * MIB))

    await expect(result.download(target)).rejects.toMatchObject({
      code: 'not_saved',
      message: expect.stringMatching(/^1 of 2 files were not saved: "large\.bin": /) as string,
    })
    expect(listFiles(target).filter((name) => !['filler', 'small.txt'].includes(name))).toEqual([])
  })
})
