import { LIMITS, type Cause, type Retries } from '@rgrid/protocol'
import { describe, expect, test } from 'vitest'
import { decideRetry, describeRetry, type AttemptEnd } from '../../src/store/decide-retry.js'

const MEMORY = { now: null, most: LIMITS.memoryMaxMib }
const exit = (exitCode: number): AttemptEnd => ({ cause: 'exit', exitCode })
const end = (cause: Cause): AttemptEnd => ({ cause, exitCode: null })
const decide = (retries: Retries, last: AttemptEnd, before: AttemptEnd[] = []) =>
  decideRetry(retries, last, before, MEMORY)

describe('whether there is another attempt', () => {
  test.for<[Retries, AttemptEnd, boolean]>([
    [{}, exit(1), false],
    [{ exit: 1 }, exit(1), true],
    [{ exit: 1 }, exit(0), false],
    [{ exit: 0 }, exit(1), false],
    [{ exit: { times: 1, codes: [75] } }, exit(75), true],
    [{ exit: { times: 1, codes: [75] } }, exit(1), false],
    [{ exit: 1 }, end('signal'), false],
    [{ signal: 1 }, end('signal'), true],
    [{ timeout: 1 }, end('timeout'), true],
    [{ lost: 1 }, end('runner_lost'), true],
    [{ lost: 1 }, end('engine_restart'), true],
    [{ lost: 1 }, end('container_removed'), true],
    [{ image_pull: 1 }, end('image_pull'), true],
    [{ dependency_install: 1 }, end('dependency_install'), true],
    [{ lost: 1, exit: 1, signal: 1, timeout: 1, out_of_memory: 1 }, end('cancelled'), false],
    [{ lost: 1, exit: 1, signal: 1, timeout: 1, out_of_memory: 1 }, end('internal'), false],
  ])('%j after %j: %s', ([retries, last, isRetried]) => {
    expect(decide(retries, last) !== undefined).toBe(isRetried)
  })

  test('each rule counts its own ends', () => {
    const retries = { exit: { times: 2, codes: [75] }, lost: 1 }

    expect(decide(retries, exit(75), [exit(75), end('runner_lost')])).toBeDefined()
    expect(decide(retries, exit(75), [exit(75), exit(75)])).toBeUndefined()
    expect(decide(retries, end('runner_lost'), [exit(75), end('engine_restart')])).toBeUndefined()
  })

  test('the pause doubles from a second to a minute, less up to half of it', () => {
    for (let done = 0; done < LIMITS.retriesPerCause; done++) {
      const full = Math.min(60_000, 1_000 * 2 ** done)
      const retry = decide({ timeout: 10 }, end('timeout'), Array<AttemptEnd>(done).fill(end('timeout')))

      expect(retry?.delayMs).toBeGreaterThanOrEqual(full / 2)
      expect(retry?.delayMs).toBeLessThanOrEqual(full)
    }
  })

  test('not all pauses are equal', () => {
    const delays = Array.from({ length: 20 }, () => decide({ timeout: 1 }, end('timeout'))?.delayMs)

    expect(new Set(delays).size).toBeGreaterThan(1)
  })
})

describe('more memory', () => {
  const grow = (now: number | null, most: number) =>
    decideRetry({ out_of_memory: { times: 1, memoryMib: 'x2' } }, end('out_of_memory'), [], { now, most })
      ?.memoryMib

  test.for<[number | null, number, number | undefined]>([
    [100, 1_000, 200],
    [100, 150, 150],
    [100, 100, undefined],
    [100, 0, undefined],
    [null, 10_000, 2 * LIMITS.memoryDefaultMib],
  ])('after %s MiB with at most %i there are %s', ([now, most, next]) => {
    expect(grow(now, most)).toBe(next)
  })

  test('is not given where nobody asks for it', () => {
    expect(decide({ out_of_memory: 1 }, end('out_of_memory'))).toMatchObject({ memoryMib: null })
  })
})

test.for<[AttemptEnd & { signal: string | null }, number | null, string]>([
  [{ ...exit(75), signal: null }, null, 'attempt 2 ended with exit code 75; tried again in 1.8 s'],
  [{ ...end('signal'), signal: 'SIGSEGV' }, null, 'attempt 2 was killed by SIGSEGV; tried again in 1.8 s'],
  [{ ...end('runner_lost'), signal: null }, null, 'attempt 2 was lost (runner_lost); tried again in 1.8 s'],
  [
    { ...end('out_of_memory'), signal: null },
    1024,
    'attempt 2 ran out of memory; tried again in 1.8 s with 1024 MiB of memory',
  ],
])('what followers are told of %j', ([last, memoryMib, text]) => {
  expect(describeRetry(2, last, { delayMs: 1_800, memoryMib })).toBe(text)
})
