import type { Executor } from '@rgrid/runner'
import { existsSync, mkdirSync, mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { describe, expect, onTestFinished, test, vi } from 'vitest'
import { createExecutors, type ExecutorChoice } from '../src/create-executors.js'
import { createLocalRunner } from '../src/create-local-runner.js'
import { createInstance } from '../src/instance.js'

vi.mock('../src/create-executors.js', () => ({ createExecutors: vi.fn() }))

// No process has a number that high.
const [FIRST, SECOND] = ['4194303-aaaaaaaa', '4194303-bbbbbbbb'] as const

/** Starts a runner beside two dead ones, until it has swept. `sweep` is what becomes of the sweep for the first. */
async function startBeside(sweep: () => Promise<boolean>) {
  const dataDirectory = mkdtempSync(join(tmpdir(), 'rgrid-local-'))
  onTestFinished(() => rmSync(dataDirectory, { recursive: true, force: true }))
  const toHome = (instance: string): string => join(dataDirectory, 'runners', instance)
  for (const instance of [FIRST, SECOND]) mkdirSync(toHome(instance), { recursive: true })
  const closed: string[] = []
  vi.mocked(createExecutors).mockImplementation(async ({ instance }: ExecutorChoice) => [
    {
      name: 'docker',
      describe: () => Promise.reject(new Error('has swept')),
      sweep: instance === FIRST ? sweep : async () => true,
      close: async () => void closed.push(instance),
    } as unknown as Executor,
  ])
  const warn = vi.fn()
  const runner = await createLocalRunner({
    dataDirectory,
    instance: createInstance(),
    url: 'http://nowhere',
    apiKey: '',
    logger: { info: () => undefined, warn },
  })
  onTestFinished(() => runner.stop())
  await expect(runner.start()).rejects.toThrow('has swept')
  return { warn, closed, areThere: [FIRST, SECOND].map((instance) => existsSync(toHome(instance))) }
}

describe('a runner that starts', () => {
  test('clears what dead runners left', async () => {
    const { warn, closed, areThere } = await startBeside(async () => true)

    expect(areThere).toEqual([false, false])
    expect(closed).toEqual([FIRST, SECOND])
    expect(warn).not.toHaveBeenCalled()
  })

  test('keeps the directory by which a later sweep finds what stays', async () => {
    const { areThere } = await startBeside(async () => false)

    expect(areThere).toEqual([true, false])
  })

  test('goes on, and says so, when one of them cannot be cleared at all', async () => {
    const { warn, closed, areThere } = await startBeside(() => Promise.reject(new Error('no engine')))

    expect(areThere).toEqual([true, false])
    expect(closed).toEqual([FIRST, SECOND])
    expect(warn.mock.calls).toEqual([[`what the dead runner ${FIRST} left stays: Error: no engine`]])
  })
})
