import { mkdir, readdir, readFile, rename, symlink, writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { describe, expect, onTestFinished, test } from 'vitest'
import { openTargetDirectory, type TargetDirectory } from '../../src/files/target-directory.js'
import { createDirectory } from '../temporary-directory.js'

async function open(directory: string, hasDescriptors?: boolean): Promise<TargetDirectory> {
  const target = await openTargetDirectory(directory, hasDescriptors)
  onTestFinished(() => target.close())
  return target
}

const write = (target: TargetDirectory, folder: string, name: string): Promise<void> =>
  target.withFolder(folder, (place) => writeFile(join(place, name), 'new'))

const WAYS = [
  ['by open folders', process.platform === 'linux'],
  ['by paths', false],
] as const

describe.for(WAYS)('a target directory %s', ([, hasDescriptors]) => {
  test('makes the folders below it, and itself', async () => {
    const directory = join(await createDirectory(), 'out')
    const target = await open(directory, hasDescriptors)

    await Promise.all([write(target, 'a/b', 'x'), write(target, 'a/b', 'y'), write(target, '', 'z')])

    expect([await readdir(join(directory, 'a', 'b')), await readdir(directory)]).toEqual([
      ['x', 'y'],
      ['a', 'z'],
    ])
  })

  test('goes through no link below it, and says where it is', async () => {
    const outside = await createDirectory()
    const directory = await createDirectory()
    await mkdir(join(directory, 'a'))
    await symlink(outside, join(directory, 'a', 'link'))
    const target = await open(directory, hasDescriptors)

    await expect(write(target, 'a/link/b', 'x')).rejects.toMatchObject({
      code: 'not_saved',
      message: '"a/link" is a symbolic link, not a directory',
    })

    expect(await readdir(outside)).toEqual([])
  })

  test('goes through no file, and works again when it is gone', async () => {
    const directory = await createDirectory({ a: 'a file' })
    const target = await open(directory, hasDescriptors)

    await expect(write(target, 'a', 'x')).rejects.toThrow('"a" is a file, not a directory')
    await rename(join(directory, 'a'), join(directory, 'moved'))
    await write(target, 'a', 'x')

    expect(await readFile(join(directory, 'a', 'x'), 'utf8')).toBe('new')
  })

  test('sees a folder that was replaced by a link since it was used', async () => {
    const outside = await createDirectory()
    const directory = await createDirectory()
    const target = await open(directory, hasDescriptors)
    await write(target, 'a', 'first')
    await rename(join(directory, 'a'), join(directory, 'moved'))
    await symlink(outside, join(directory, 'a'))

    await write(target, 'a', 'second').catch(() => undefined)

    expect(await readdir(outside)).toEqual([])
  })

  test('follows a link in its own path, which is the caller’s word', async () => {
    const real = await createDirectory()
    const link = join(await createDirectory(), 'link')
    await symlink(real, link)
    const target = await open(link, hasDescriptors)

    await write(target, '', 'x')

    expect([target.path, await readdir(real)]).toEqual([real, ['x']])
  })

  test('holds few folders open, whatever their number', async () => {
    const directory = await createDirectory()
    const target = await open(directory, hasDescriptors)
    const before = hasDescriptors ? (await readdir('/proc/self/fd')).length : 0

    for (let number = 0; number < 200; number++) await write(target, `folder${number}`, 'x')

    const after = hasDescriptors ? (await readdir('/proc/self/fd')).length : 0
    expect(after - before).toBeLessThanOrEqual(70)
    expect((await readdir(directory)).length).toBe(200)
  })
})

test.runIf(process.platform === 'linux')(
  'a folder that is replaced by a link while a file is on its way keeps the file',
  async () => {
    const outside = await createDirectory()
    const directory = await createDirectory()
    const target = await open(directory)

    await target.withFolder('a', async (place) => {
      await rename(join(directory, 'a'), join(directory, 'moved'))
      await symlink(outside, join(directory, 'a'))
      await writeFile(join(place, 'x'), 'new')
    })

    expect([await readdir(outside), await readdir(join(directory, 'moved'))]).toEqual([[], ['x']])
  },
)
