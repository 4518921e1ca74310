import { copyFile, mkdir, rename, symlink, utimes, writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { expect, it, onTestFinished } from 'vitest'
import { nameProgram } from '../../../src/executors/process/name-program.js'
import { createTestDirectory } from '../test-directory.js'

/** A directory with a link to a program in it. */
async function createProgram() {
  const directory = createTestDirectory(onTestFinished)
  const [file, link] = [join(directory, 'python3.11'), join(directory, 'python3')]
  await writeFile(file, 'a program')
  await utimes(file, 1_000, 1_000)
  await symlink(file, link)
  return { directory, file, link }
}

it('names a program alike as long as it is the same, by whatever link', async () => {
  const { file, link } = await createProgram()
  const names = [await nameProgram([file]), await nameProgram([link]), await nameProgram([link])]

  expect(new Set(names).size).toBe(1)
  expect(names[0]).toMatch(/^process [0-9a-f]{64}$/)
})

it('names it anew when its file has another size or was changed', async () => {
  const { file, link } = await createProgram()
  const before = await nameProgram([link])
  await utimes(file, 1_000, 1_000.001)
  const changed = await nameProgram([link])
  await writeFile(file, 'a new program')
  await utimes(file, 1_000, 1_000)
  const grown = await nameProgram([link])

  expect(new Set([before, changed, grown]).size).toBe(3)
})

it('names it anew when its link leads elsewhere', async () => {
  const { directory, file, link } = await createProgram()
  const before = await nameProgram([link])
  await mkdir(join(directory, 'new'))
  const next = join(directory, 'new/python3.11')
  await copyFile(file, next)
  await utimes(next, 1_000, 1_000)
  await symlink(next, join(directory, 'next'))
  await rename(join(directory, 'next'), link)

  expect(await nameProgram([link])).not.toBe(before)
})

it('tells its first arguments apart', async () => {
  const { link } = await createProgram()
  const names = await Promise.all([
    nameProgram([link]),
    nameProgram([link, '-O']),
    nameProgram([link, '-OO']),
  ])

  expect(new Set(names).size).toBe(3)
})

it('rejects when it is not there', async () => {
  await expect(nameProgram(['/nowhere/python3'])).rejects.toThrow('ENOENT')
})
