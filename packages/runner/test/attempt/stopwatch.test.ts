import { afterEach, beforeEach, expect, it, vi } from 'vitest'
import { createStopwatch } from '../../src/attempt/stopwatch.js'

const pass = (ms: number): void => void vi.advanceTimersByTime(ms)

beforeEach(() => void vi.useFakeTimers())
afterEach(() => void vi.useRealTimers())

it('gives each stage the time since the one before', () => {
  const watch = createStopwatch()
  const stages = ['dependenciesMs', 'placeMs', 'inputsMs', 'launchMs', 'scriptMs', 'outputsMs'] as const
  for (const [index, stage] of stages.entries()) {
    pass(10 * (index + 1))
    watch.lap(stage)
  }

  expect(watch.read('warm')).toEqual({
    container: 'warm',
    dependenciesMs: 10,
    placeMs: 20,
    inputsMs: 30,
    launchMs: 40,
    scriptMs: 50,
    outputsMs: 60,
    firstOutputMs: null,
  })
})

it('counts the first output from the start of the script, and no other', () => {
  const watch = createStopwatch()
  pass(100)
  watch.lap('launchMs')
  pass(5)
  watch.noteOutput()
  pass(50)
  watch.noteOutput()
  watch.lap('scriptMs')

  expect(watch.read(null)).toMatchObject({ container: null, firstOutputMs: 5, scriptMs: 55 })
})

it('rounds to what means something', () => {
  const watch = createStopwatch()
  vi.spyOn(performance, 'now').mockReturnValue(performance.now() + 1.23456)
  watch.lap('placeMs')
  vi.restoreAllMocks()

  expect(watch.read(null).placeMs).toBe(1.23)
})

it('has nothing for stages that were not reached', () => {
  expect(createStopwatch().read('cold')).toMatchObject({ scriptMs: 0, outputsMs: 0, firstOutputMs: null })
})
