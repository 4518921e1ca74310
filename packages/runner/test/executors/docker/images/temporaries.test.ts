import { existsSync, mkdirSync, readdirSync, writeFileSync } from 'node:fs'
import { basename, join } from 'node:path'
import { describe, expect, it, onTestFinished, vi } from 'vitest'
import { sweepTemporaries, withTemporary } from '../../../../src/executors/docker/images/temporaries.js'
import { createTraces } from '../../../../src/executors/docker/images/traces.js'
import { removeTree } from '../../../../src/executors/docker/remove-tree.js'
import { SILENT } from '../../../../src/logger.js'
import { createTestDirectory } from '../../test-directory.js'

vi.mock('../../../../src/executors/docker/remove-tree.js', async (importActual) => {
  const actual = await importActual<{ removeTree: typeof removeTree }>()
  return { ...actual, removeTree: vi.fn(actual.removeTree) }
})

const never = new Promise<never>(() => undefined)

/** Leaves a directory as a runner does that is killed. */
function leave(folder: string, instance: string): string {
  const name = vi.fn((path: string) => {
    mkdirSync(path)
    writeFileSync(join(path, 'file'), '')
    return never
  })
  void withTemporary(createTraces(instance), join(folder, 'the.place'), name)
  return String(name.mock.calls[0]?.[0])
}

describe('a temporary path', () => {
  it('is beside the place, and says whose it is', async () => {
    const folder = createTestDirectory(onTestFinished)

    const path = await withTemporary(createTraces('one'), join(folder, 'place'), async (given) => given)

    expect(path).toMatch(new RegExp(`^${folder}/place\\.one\\.[0-9a-f-]{36}$`))
  })

  it('is empty again at the end, whatever that is', async () => {
    const folder = createTestDirectory(onTestFinished)
    const fail = async (path: string): Promise<void> => {
      writeFileSync(path, '')
      throw new Error('no room')
    }

    await expect(withTemporary(createTraces('one'), join(folder, 'place'), fail)).rejects.toThrow('no room')

    expect(readdirSync(folder)).toEqual([])
  })

  it('is swept away when it is of an earlier life', async () => {
    const folder = createTestDirectory(onTestFinished)
    leave(folder, 'one')
    writeFileSync(join(folder, 'place'), '')

    expect(await sweepTemporaries(folder, createTraces('one'), SILENT)).toBe(true)

    expect(readdirSync(folder)).toEqual(['place'])
  })

  it('stays while it is in use', async () => {
    const folder = createTestDirectory(onTestFinished)
    const traces = createTraces('one')

    const isThere = await withTemporary(traces, join(folder, 'place'), async (path) => {
      mkdirSync(path)
      await sweepTemporaries(folder, traces, SILENT)
      return existsSync(path)
    })

    expect(isThere).toBe(true)
  })

  it.for([
    ['b', 'a.b'],
    ['a.b', 'b'],
    ['a', 'a/b'],
    ['place', 'one'],
  ] as const)('stays when %s sweeps and it is of %s', async ([sweeping, instance]) => {
    const folder = createTestDirectory(onTestFinished)
    const left = leave(folder, instance)

    await sweepTemporaries(folder, createTraces(sweeping), SILENT)

    expect(readdirSync(folder)).toEqual([basename(left)])
  })

  it('is told of when it cannot be removed, and does not keep others', async () => {
    const folder = createTestDirectory(onTestFinished)
    leave(folder, 'one')
    leave(folder, 'one')
    vi.mocked(removeTree).mockRejectedValueOnce(new Error('rm: cannot remove'))
    const warn = vi.fn()

    const isDone = await sweepTemporaries(folder, createTraces('one'), { ...SILENT, warn })

    const [stays = ''] = readdirSync(folder)
    expect([isDone, readdirSync(folder).length]).toEqual([false, 1])
    expect(warn.mock.calls).toEqual([
      [`${join(folder, stays)} that an earlier runner left stays: rm: cannot remove`],
    ])
  })
})
