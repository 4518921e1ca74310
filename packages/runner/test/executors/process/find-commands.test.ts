import { chmod, mkdtemp, rm, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { expect, it, onTestFinished } from 'vitest'
import { findCommands } from '../../../src/executors/process/find-commands.js'
import { DEFAULT_RUNTIMES } from '../../../src/executors/runtimes/runtime-table.js'

async function createPath(...programs: string[]): Promise<string> {
  const folder = await mkdtemp(join(tmpdir(), 'rgrid-path-'))
  onTestFinished(() => rm(folder, { recursive: true }))
  for (const name of programs) await writeFile(join(folder, name), '', { mode: 0o755 })
  return folder
}

const withOwn = (...command: string[]) => ({
  ...DEFAULT_RUNTIMES,
  own: { image: 'a', command, installer: null, extensions: [], programs: [] },
})

it('finds known runtimes by their name, and Node where this process runs on it', async () => {
  const folder = await createPath('python3', 'python3.11', 'node20')
  const major = process.versions.node.split('.')[0] ?? ''

  const found = await findCommands(DEFAULT_RUNTIMES, folder)

  expect(found.get('python')).toEqual([join(folder, 'python3')])
  expect(found.get('python3.11')).toEqual([join(folder, 'python3.11')])
  expect(found.get('python3.12')).toBeUndefined()
  expect(found.get('node')).toEqual([process.execPath])
  expect(found.get(`node${major}`)).toEqual([process.execPath])
})

it('does not ask the table how a known runtime is started: that is for its image', async () => {
  const folder = await createPath('python3')
  const table = { ...DEFAULT_RUNTIMES, python: { ...DEFAULT_RUNTIMES.python, command: ['pypy'] } }

  expect((await findCommands(table, folder)).get('python')).toEqual([join(folder, 'python3')])
})

it('finds the program of another runtime by what the table says, with its arguments', async () => {
  const [first, second] = [await createPath(), await createPath('deno')]
  const absolute = join(second, 'deno')

  expect((await findCommands(withOwn('deno', 'run'), `${first}:${second}`)).get('own')).toEqual([
    absolute,
    'run',
  ])
  expect((await findCommands(withOwn(absolute), '')).get('own')).toEqual([absolute])
})

it('finds nothing that is not there or cannot be run', async () => {
  const folder = await createPath('deno')
  await chmod(join(folder, 'deno'), 0o644)

  expect((await findCommands(withOwn('ruby'), folder)).has('own')).toBe(false)
  expect((await findCommands(withOwn(join(folder, 'ruby')), folder)).has('own')).toBe(false)
  // To root everything is there to be read, but nothing runs that is not marked.
  expect((await findCommands(withOwn('deno'), folder)).has('own')).toBe(false)
})
