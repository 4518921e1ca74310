import { afterEach, beforeEach, describe, expect, it, vi } from 'vitest'
import { createSpinner } from '../../src/cli/spinner.js'
import { createTestContext, type Surroundings } from './support/create-test-context.js'

beforeEach(() => void vi.useFakeTimers())
afterEach(() => void vi.useRealTimers())

function setUp(surroundings: Surroundings = {}) {
  const { context, stderr } = createTestContext({ tty: true, env: { NO_COLOR: '1' }, ...surroundings })
  return { spinner: createSpinner(context), stderr }
}

/** What a terminal shows of one line in the end. */
const render = (output: string): string => output.split('\r\x1b[2K').at(-1) ?? ''

describe('the spinner', () => {
  it('shows the phase', () => {
    const { spinner, stderr } = setUp()

    spinner.show('queued')
    vi.advanceTimersByTime(150)
    spinner.show('running')
    vi.advanceTimersByTime(150)

    expect(stderr()).toContain('⠋ queued')
    expect(render(stderr())).toContain('running')
  })

  it('leaves no trace', () => {
    const { spinner, stderr } = setUp()
    spinner.show('queued')
    vi.advanceTimersByTime(300)

    spinner.stop()
    spinner.show('running')
    vi.advanceTimersByTime(300)

    expect(render(stderr())).toBe('')
  })

  it('never shows for what is over quickly', () => {
    const { spinner, stderr } = setUp()
    spinner.show('queued')
    vi.advanceTimersByTime(100)

    spinner.stop()
    vi.advanceTimersByTime(300)

    expect(stderr()).toBe('')
  })

  it('never wraps, as a wrapped line could not be erased', () => {
    const { spinner, stderr } = setUp()
    spinner.show('x'.repeat(500))

    vi.advanceTimersByTime(150)

    expect(render(stderr()).length).toBeLessThan(80)
  })

  it('shows on a terminal that does not know its width', () => {
    const { context, stderr } = createTestContext({ tty: true, env: { NO_COLOR: '1' } })
    const spinner = createSpinner({ ...context, stderr: Object.assign(context.stderr, { columns: 0 }) })
    spinner.show('running')

    vi.advanceTimersByTime(150)

    expect(render(stderr())).toBe('⠋ running')
  })

  it.for<readonly [string, Surroundings]>([
    ['away from a terminal', { tty: false }],
    ['in CI', { env: { CI: 'true' } }],
    ['on a dumb terminal', { env: { TERM: 'dumb' } }],
  ])('is not there %s', ([, surroundings]) => {
    const { spinner, stderr } = setUp(surroundings)

    spinner.show('queued')
    vi.advanceTimersByTime(500)
    spinner.stop()

    expect(stderr()).toBe('')
  })
})
