import { mkdir, readdir, readFile, stat, symlink, writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { describe, expect, test } from 'vitest'
import { resolveBelow, saveFile } from '../../src/files/save-file.js'
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
      code: 'invalid_request',
      message: expect.stringMatching(
        /^"out" was not saved: .*\/out is a directory, which is in its way/,
      ) as string,
    })

    expect([await readdir(directory), await readdir(join(directory, 'out'))]).toEqual([['out'], ['kept.txt']])
  })

  test('replaces a link instead of writing through it', async () => {
    const outside = await createDirectory({ 'target.txt': 'safe' })
    const directory = await createDirectory()
    await symlink(join(outside, 'target.txt'), join(directory, 'out.txt'))

    await saveFile(await resolveBelow(directory, 'out.txt'), pieces('new'), false)

    expect([
      await readFile(join(outside, 'target.txt'), 'utf8'),
      await readFile(join(directory, 'out.txt'), 'utf8'),
    ]).toEqual(['safe', 'new'])
  })
})

describe('a place below a directory', () => {
  test.for(['../x', '/etc/x', '.rgrid/config.toml', '.RGRID/x', 'a/../../x', 'a//b', '', '.'])(
    'is refused for %j',
    async (path) => {
      await expect(resolveBelow(await createDirectory(), path)).rejects.toThrow('it was not saved')
    },
  )

  test('is refused when a link leads out of it', async () => {
    const directory = await createDirectory()
    await symlink('/tmp', join(directory, 'link'))

    await expect(resolveBelow(directory, 'link/x')).rejects.toThrow('is a symbolic link, not a directory')
  })

  test('is refused below a file', async () => {
    await expect(resolveBelow(await createDirectory({ a: '' }), 'a/x')).rejects.toThrow(
      'is a file, not a directory',
    )
  })

  test('is given for odd but harmless names', async () => {
    const directory = await createDirectory()
    await mkdir(join(directory, '..x'))
    await writeFile(join(directory, '..x', 'y'), '')

    expect(await resolveBelow(directory, '..x/-rf $(id)')).toBe(join(directory, '..x', '-rf $(id)'))
  })
})
