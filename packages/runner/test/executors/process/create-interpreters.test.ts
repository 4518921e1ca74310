import { rm, writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { describe, expect, it, onTestFinished } from 'vitest'
import { StartError } from '../../../src/executors/executor.js'
import { createInterpreters } from '../../../src/executors/process/create-interpreters.js'
import { DEFAULT_RUNTIMES, type RuntimeEntry } from '../../../src/executors/runtimes/runtime-table.js'
import { createTestDirectory } from '../test-directory.js'

const own = (installer: RuntimeEntry['installer'], ...command: string[]): RuntimeEntry => ({
  image: 'a',
  command,
  installer,
  extensions: [],
  programs: [],
})

const interpreters = createInterpreters({
  ...DEFAULT_RUNTIMES,
  ml: own('pip', '/bin/sh', '-e'),
  web: own('npm', process.execPath),
  plain: own(null, '/bin/sh'),
  gone: own(null, '/nowhere/ruby'),
})

describe('packages are installed for', () => {
  it('the program of a runtime that has their installer', async () => {
    expect(await interpreters.findFor('ml', 'python')).toBe('/bin/sh')
    expect(await interpreters.findFor('node', 'node')).toBe(process.execPath)
  })

  it.for(['plain', 'bash', 'ml'])('the preferred Node, where %s has another or none', async (runtime) => {
    expect(await interpreters.findFor(runtime, 'node')).toBe(process.execPath)
  })

  it('a program that says what it is, once for each kind', async () => {
    const id = `${process.execPath} ${process.version} ${process.arch}`

    expect([await interpreters.identify('web', 'node'), await interpreters.identify('bash', 'node')]).toEqual(
      [id, id],
    )
  })
})

it('names what runs a runtime, and says when it is gone', async () => {
  const directory = createTestDirectory(onTestFinished)
  const program = join(directory, 'ruby')
  await writeFile(program, '', { mode: 0o755 })
  const { name } = createInterpreters({ ...DEFAULT_RUNTIMES, ruby: own(null, program) })
  const before = await name('ruby')
  await writeFile(program, 'a new version')
  const after = await name('ruby')
  await rm(program)

  expect(after).not.toBe(before)
  await expect(name('ruby')).rejects.toThrow(StartError)
  await expect(name('ruby')).rejects.toThrow('the program for the runtime ruby is gone')
})

it('finds the command of a runtime, and says which has none', async () => {
  expect(await interpreters.find('ml')).toEqual(['/bin/sh', '-e'])
  await expect(interpreters.find('gone')).rejects.toThrow(StartError)
  await expect(interpreters.find('gone')).rejects.toThrow('no program for the runtime gone')
})
