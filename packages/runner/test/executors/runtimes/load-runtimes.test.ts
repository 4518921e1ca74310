import { mkdtemp, rm, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { expect, it, onTestFinished } from 'vitest'
import { loadRuntimes } from '../../../src/executors/runtimes/load-runtimes.js'
import { DEFAULT_RUNTIMES } from '../../../src/executors/runtimes/runtime-table.js'

async function makeFile(text: string): Promise<string> {
  const directory = await mkdtemp(join(tmpdir(), 'rgrid-runtimes-'))
  onTestFinished(() => rm(directory, { recursive: true }))
  const file = join(directory, 'runtimes.json')
  await writeFile(file, text)
  return file
}

it('is the defaults where nothing is set', async () => {
  expect(await loadRuntimes({})).toEqual(DEFAULT_RUNTIMES)
})

it('reads a file, and lets single images win over it', async () => {
  const file = await makeFile(
    '{ "python": { "image": "a", "command": ["pypy"] }, "node": { "image": "b" }, "r": { "image": "c", "command": ["R"] } }',
  )

  const table = await loadRuntimes({ RGRID_RUNTIMES: file, RGRID_IMAGES: 'python=d,r=e' })

  expect(table.python).toMatchObject({ image: 'd', command: ['pypy'], installer: 'pip' })
  expect(table.node.image).toBe('b')
  expect(table['r']).toMatchObject({ image: 'e', command: ['R'] })
})

it('names the file that is wrong', async () => {
  const file = await makeFile('{ "python": { "image": 1 } }')

  await expect(loadRuntimes({ RGRID_RUNTIMES: file })).rejects.toMatchObject({
    code: 'invalid_config',
    message: expect.stringContaining(`RGRID_RUNTIMES: ${file}: python.image: `) as string,
  })
  await expect(loadRuntimes({ RGRID_RUNTIMES: `${file}.no` })).rejects.toThrow('ENOENT')
})

it('refuses the image of a runtime that is not there', async () => {
  await expect(loadRuntimes({ RGRID_IMAGES: 'r=e' })).rejects.toMatchObject({
    code: 'invalid_config',
    message: expect.stringContaining('RGRID_IMAGES: "r" is not a runtime here') as string,
  })
})
