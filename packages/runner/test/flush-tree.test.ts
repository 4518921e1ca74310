import { chmodSync, mkdirSync, mkdtempSync, readFileSync, rmSync, symlinkSync, writeFileSync } from 'node:fs'
import { open, type FileHandle } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { expect, onTestFinished, test, vi } from 'vitest'
import { flushTree } from '../src/flush-tree.js'

/** A directory with a folder, and a folder for programs that is all of the PATH. */
function arrange() {
  const root = mkdtempSync(join(tmpdir(), 'rgrid-flush-'))
  const [directory, programs] = [join(root, 'tree'), join(root, 'bin')]
  mkdirSync(join(directory, 'folder'), { recursive: true })
  mkdirSync(programs)
  writeFileSync(join(directory, 'folder', 'file'), 'text')
  symlinkSync('/nowhere', join(directory, 'link'))
  vi.stubEnv('PATH', programs)
  onTestFinished(() => {
    vi.unstubAllEnvs()
    rmSync(root, { recursive: true })
  })
  const writeSync = (script: string): void => {
    writeFileSync(join(programs, 'sync'), `#!/bin/sh\n${script}\n`)
    chmodSync(join(programs, 'sync'), 0o755)
  }
  return { root, directory, writeSync }
}

test.runIf(process.platform === 'linux')('a tree is flushed with the file system that it is on', async () => {
  const { root, directory, writeSync } = arrange()
  writeSync(`echo "$@" > ${root}/said`)

  await flushTree(directory)

  expect(readFileSync(join(root, 'said'), 'utf8')).toBe(`-f ${directory}\n`)
})

test('a tree is flushed file by file where the system cannot', async () => {
  const { directory, writeSync } = arrange()
  const handle = await open(directory)
  const sync = vi.spyOn(Object.getPrototypeOf(handle) as FileHandle, 'sync')
  onTestFinished(() => sync.mockRestore())
  await handle.close()

  await flushTree(directory)
  const withoutProgram = sync.mock.calls.length
  writeSync('exit 1')
  await flushTree(directory)

  // The directory, its folder and the file in there.
  expect([withoutProgram, sync.mock.calls.length]).toEqual([3, 6])
})

test('a tree that is not there is not taken for a safe one', async () => {
  const { directory } = arrange()

  await expect(flushTree(join(directory, 'none'))).rejects.toThrow('ENOENT')
})
