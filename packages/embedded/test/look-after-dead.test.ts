import type { Adoption, Executor, Orphan } from '@rgrid/runner'
import { existsSync, mkdirSync, mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { describe, expect, onTestFinished, test, vi } from 'vitest'
import { createExecutors, type ExecutorChoice } from '../src/create-executors.js'
import { createInstance } from '../src/instance.js'
import { lookAfterDead } from '../src/look-after-dead.js'

vi.mock('../src/create-executors.js', () => ({ createExecutors: vi.fn() }))

// No process has a number that high.
const [FIRST, SECOND] = ['4194303-aaaaaaaa', '4194303-bbbbbbbb'] as const

/** Looks after two dead runners; `change` is what is different about an executor for the first. */
function setUp(change: Partial<Executor> = {}) {
  const root = mkdtempSync(join(tmpdir(), 'rgrid-dead-'))
  onTestFinished(() => rmSync(root, { recursive: true, force: true }))
  for (const instance of [FIRST, SECOND]) mkdirSync(join(root, instance))
  vi.mocked(createExecutors).mockClear()
  const swept: string[] = []
  const closed: string[] = []
  vi.mocked(createExecutors).mockImplementation(async ({ instance }: ExecutorChoice) => {
    const executor: Partial<Executor> = {
      name: 'docker',
      findOrphans: async () => [],
      async sweep() {
        swept.push(instance)
        return true
      },
      close: async () => void closed.push(instance),
      ...(instance === FIRST ? change : {}),
    }
    return [executor as Executor]
  })
  const warn = vi.fn()
  const options = { root, cacheDirectory: join(root, 'cache'), logger: { info: () => undefined, warn } }
  return {
    dead: lookAfterDead({ ...options, heir: createInstance() }),
    other: lookAfterDead({ ...options, heir: createInstance() }),
    areThere: () => [FIRST, SECOND].map((instance) => existsSync(join(root, instance))),
    ...{ root, warn, swept, closed },
  }
}

const createOrphan = (remove: () => Promise<void>): Orphan => ({
  memo: 'memo',
  remember: () => undefined,
  adopt: () => ({ startedAt: 0, place: { workDir: '', container: 'warm', remove } }) as unknown as Adoption,
})

describe('what dead runners left', () => {
  test('goes, and is looked for once more the next time', async () => {
    const { dead, areThere, swept, closed, warn } = setUp()
    await dead.sweep()
    const after = areThere()
    await dead.sweep()
    await dead.sweep()

    expect(after).toEqual([false, false])
    expect(swept).toEqual([FIRST, SECOND, FIRST, SECOND])
    expect(closed).toEqual([FIRST, SECOND])
    expect(warn).not.toHaveBeenCalled()
  })

  test('keeps the directory by which a later sweep finds what stays', async () => {
    const { dead, areThere } = setUp({ sweep: async () => false })
    await dead.sweep()

    expect(areThere()).toEqual([true, false])
  })

  test('is told of when one of them cannot be cleared at all, and holds up no other', async () => {
    const { dead, areThere, warn } = setUp({ sweep: () => Promise.reject(new Error('no engine')) })
    await dead.sweep()

    expect(areThere()).toEqual([true, false])
    expect(warn.mock.calls).toEqual([[`what the dead runner ${FIRST} left stays: Error: no engine`]])
  })

  test('is looked for with the executors that there is something of', async () => {
    const { dead, root } = setUp()
    mkdirSync(join(root, FIRST, 'docker'))
    await dead.sweep()

    const asked = vi
      .mocked(createExecutors)
      .mock.calls.map(([{ instance, executors }]) => [instance, executors])
    expect(asked).toEqual([
      [FIRST, ['docker', 'process']],
      [SECOND, ['process']],
    ])
  })

  test('is looked after by one living runner only', async () => {
    const { dead, other, swept } = setUp({ findOrphans: async () => [createOrphan(async () => undefined)] })

    const found = [await dead.findOrphans(), await other.findOrphans()]
    await other.sweep()

    expect(found.map(({ length }) => length)).toEqual([1, 0])
    expect(swept).toEqual([])
  })

  test('stays as long as one of its scripts is gone on with, and goes after the last', async () => {
    const remove = vi.fn(async () => undefined)
    const { dead, areThere, closed } = setUp({ findOrphans: async () => [createOrphan(remove)] })
    const [orphan] = await dead.findOrphans()
    const adoption = orphan?.adopt()
    await dead.sweep()
    const during = areThere()

    await adoption?.place.remove()

    expect(during).toEqual([true, false])
    expect(remove).toHaveBeenCalledOnce()
    expect(areThere()).toEqual([false, false])
    expect(closed).not.toContain(FIRST)
  })
})
