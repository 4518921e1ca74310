import { mkdtempSync, readdirSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { describe, expect, onTestFinished, test } from 'vitest'
import { createInstance } from '../src/instance.js'
import { leave, takeOver } from '../src/take-over.js'

// No process has a number that high.
const DEAD = '4194303-aaaaaaaa'
const ALSO_DEAD = '4194303-bbbbbbbb'

function createDirectory(): string {
  const directory = mkdtempSync(join(tmpdir(), 'rgrid-estate-'))
  onTestFinished(() => rmSync(directory, { recursive: true }))
  return directory
}

describe('a directory of a runner', () => {
  test('is not taken from one that lives', async () => {
    const directory = createDirectory()

    expect(await takeOver(directory, createInstance(), createInstance())).toBe(false)
    expect(readdirSync(directory)).toEqual([])
  })

  test('is taken over by one of many, who may come again', async () => {
    const directory = createDirectory()
    const heirs = Array.from({ length: 20 }, createInstance)

    const taken = await Promise.all(heirs.map((heir) => takeOver(directory, DEAD, heir)))
    const again = await Promise.all(heirs.map((heir) => takeOver(directory, DEAD, heir)))

    expect(taken.filter(Boolean)).toHaveLength(1)
    expect(again).toEqual(taken)
    expect(readdirSync(directory)).toEqual(['keeper.1'])
  })

  test('is left to the next by who stops', async () => {
    const directory = createDirectory()
    const [first, second] = [createInstance(), createInstance()]
    await takeOver(directory, DEAD, first)

    await leave(directory, second)
    const early = await takeOver(directory, DEAD, second)
    await leave(directory, first)

    expect([early, await takeOver(directory, DEAD, second)]).toEqual([false, true])
  })

  test('is taken over from who took it over and died', async () => {
    const directory = createDirectory()
    const [first, second] = [createInstance(), createInstance()]
    writeFileSync(join(directory, 'keeper.9'), ALSO_DEAD)

    const taken = [await takeOver(directory, DEAD, first), await takeOver(directory, DEAD, second)]

    expect(taken).toEqual([true, false])
    expect(readdirSync(directory)).toEqual(['keeper.10', 'keeper.9'])
  })
})
