import { PassThrough } from 'node:stream'
import { setTimeout as sleep } from 'node:timers/promises'
import { expect, test } from 'vitest'
import { readEvents } from '../../../src/executors/docker/waiting/read-events.js'

const TOKEN = 'a1'.repeat(16)

const create = () => {
  const source = new PassThrough()
  return { source, ...readEvents(source) }
}

/** What a promise has come to after a moment. */
const peek = <T>(promise: Promise<T>): Promise<T | 'nothing yet'> =>
  Promise.race([promise, sleep(20, 'nothing yet' as const)])

test('hears ready, and the exit with its code', async () => {
  const { source, nextReady, nextExit } = create()
  source.write(`ready\n`)
  const isReady = await nextReady()
  source.write(`exit 42 ${TOKEN}\n`)

  expect([isReady, await nextExit(TOKEN)]).toEqual([true, 42])
})

test('hears words that come in pieces, and several at once', async () => {
  const { source, nextReady, nextExit } = create()
  for (const character of 'ready\nexit 1') source.write(character)
  const isReady = await nextReady()
  source.write(`27 ${TOKEN}\nready\n`)

  expect([isReady, await nextExit(TOKEN)]).toEqual([true, 127])
})

test.for([
  'exit 0\n',
  `exit 0 ${'b2'.repeat(16)}\n`,
  `exit 1000 ${TOKEN}\n`,
  `exit -1 ${TOKEN}\n`,
  `exit  0 ${TOKEN}\n`,
  ` exit 0 ${TOKEN}\n`,
  `exit 0 ${TOKEN} \n`,
  `exit 0 ${TOKEN}`,
  'ready\n',
  '\0\xff\n\n\n',
])('does not take %j for an exit', async (text) => {
  const { source, nextExit } = create()
  source.write(text, 'latin1')

  expect(await peek(nextExit(TOKEN))).toBe('nothing yet')
})

test('forgets what was said before', async () => {
  const { source, nextExit } = create()
  source.write(`exit 7 ${'b2'.repeat(16)}\nexit 3 ${TOKEN}\n`)
  const first = await nextExit(TOKEN)

  expect([first, await peek(nextExit('b2'.repeat(16)))]).toEqual([3, 'nothing yet'])
})

test('stops to listen to who talks too much', async () => {
  const { source, nextExit, ended } = create()
  const exit = nextExit(TOKEN)
  source.write('x'.repeat(2_000))
  await ended

  expect([await exit, source.destroyed]).toEqual([undefined, true])
})

test('listens on and on to who says little at a time', async () => {
  const { source, nextReady } = create()
  for (let round = 0; round < 500; round++) {
    source.write(`${'x'.repeat(100)}\nready\n`)
    expect(await nextReady()).toBe(true)
  }
})

test('tells of the end, and of what was said just before it', async () => {
  const { source, nextReady, nextExit, ended } = create()
  source.end(`exit 5 ${TOKEN}\n`)
  await ended

  expect([await nextExit(TOKEN), await nextExit(TOKEN), await nextReady()]).toEqual([5, undefined, false])
})

test('takes a broken source for an end', async () => {
  const { source, nextReady } = create()
  source.destroy(new Error('EIO'))

  expect(await nextReady()).toBe(false)
})

test('hears that the interpreter is up, at whatever time it comes up', async () => {
  const { source, nextReady, isInterpreterUp } = create()
  const soon = isInterpreterUp(10_000)
  source.write('up\nready\n')
  const isReady = await nextReady()

  expect([isReady, await soon, await isInterpreterUp(0)]).toEqual([true, true, true])
})

test('does not wait longer than told for an interpreter, nor for one that is gone', async () => {
  const { source, isInterpreterUp } = create()
  const inTime = await isInterpreterUp(20)
  const later = isInterpreterUp(60_000)
  source.destroy()

  expect([inTime, await later]).toEqual([false, false])
})
