import { readdir, readFile, stat, symlink, writeFile } from 'node:fs/promises'
import { existsSync } from 'node:fs'
import { join } from 'node:path'
import { describe, expect, test } from 'vitest'
import { saveFile, saveInFolder, saveSmallInFolder } from '../../src/files/save-file.js'
import { createDirectory } from '../temporary-directory.js'

async function* pieces(...texts: string[]): AsyncGenerator<Uint8Array, void> {
  for (const text of texts) yield Buffer.from(text)
}

describe('a saved file', () => {
  test('has all its bytes and its executable bit, in folders that are made for it', async () => {
    const path = join(await createDirectory(), 'a', 'b', 'tool')

    await saveFile(path, pieces('one', 'two'), true)

    expect([await readFile(path, 'utf8'), (await stat(path)).mode & 0o111]).toEqual(['onetwo', 0o111])
  })

  test('replaces the old one as a whole, and leaves it when the bytes fail', async () => {
    const directory = await createDirectory({ 'out.txt': 'old' })
    const failing = async function* (): AsyncGenerator<Uint8Array, void> {
      yield Buffer.from('half')
      throw new Error('cut')
    }

    await expect(saveFile(join(directory, 'out.txt'), failing(), false)).rejects.toThrow('cut')

    expect([await readFile(join(directory, 'out.txt'), 'utf8'), await readdir(directory)]).toEqual([
      'old',
      ['out.txt'],
    ])
  })

  test('does not replace a directory, and says so', async () => {
    const directory = await createDirectory({ 'out/kept.txt': 'safe' })

    await expect(saveFile(join(directory, 'out'), pieces('new'), false)).rejects.toMatchObject({
      code: 'not_saved',
      message: 'a directory named "out" is in its way: move it elsewhere',
    })

    expect([await readdir(directory), await readdir(join(directory, 'out'))]).toEqual([['out'], ['kept.txt']])
  })

  test('replaces a link instead of writing through it', async () => {
    const outside = await createDirectory({ 'target.txt': 'safe' })
    const directory = await createDirectory()
    await symlink(join(outside, 'target.txt'), join(directory, 'out.txt'))

    await saveFile(join(directory, 'out.txt'), pieces('new'), false)

    expect([
      await readFile(join(outside, 'target.txt'), 'utf8'),
      await readFile(join(directory, 'out.txt'), 'utf8'),
    ]).toEqual(['safe', 'new'])
  })

  test('may have a name as long as the file system takes', async () => {
    const directory = await createDirectory()
    const name = `${'ü'.repeat(127)}x`

    await saveInFolder(directory, name, pieces('x'), false)

    expect(await readdir(directory)).toEqual([name])
  })

  test('that is small and does not fit leaves nothing behind', async () => {
    const directory = await createDirectory({ 'out/kept.txt': 'safe' })

    await expect(saveSmallInFolder(directory, 'out', Buffer.from('new'), false)).rejects.toMatchObject({
      code: 'not_saved',
    })

    expect(await readdir(directory)).toEqual(['out'])
  })

  test.runIf(existsSync('/dev/full'))('says that the disk is full, and leaves nothing behind', async () => {
    const directory = await createDirectory()
    const full = async function* (): AsyncGenerator<Uint8Array, void> {
      yield Buffer.from('x')
      await writeFile('/dev/full', 'x')
    }

    await expect(saveInFolder(directory, 'out', full(), false)).rejects.toMatchObject({ code: 'ENOSPC' })

    expect(await readdir(directory)).toEqual([])
  })
})
