import { afterEach, beforeEach, describe, expect, it, vi } from 'vitest'
import { createTextView } from '../../src/cli/text-view.js'
import { createTestContext } from './support/create-test-context.js'
import { createPiece } from './support/fake-execution.js'

const ERASE = '\r\x1b[2K'

beforeEach(() => void vi.useFakeTimers())
afterEach(() => void vi.useRealTimers())

function setUp() {
  const { context, stdout, stderr } = createTestContext({ tty: true, env: { NO_COLOR: '1' } })
  return { view: createTextView(context, {}), stdout, stderr }
}

describe('the text view', () => {
  it('erases the phase before the first byte of the script', async () => {
    const { view, stdout, stderr } = setUp()
    view.status('claimed', null)
    vi.advanceTimersByTime(200)
    expect(stderr()).toContain('preparing')

    await view.log(createPiece('stdout', 'hi\n'))
    view.status('running', null)
    vi.advanceTimersByTime(200)

    expect(stdout()).toBe('hi\n')
    expect(stderr().endsWith(ERASE)).toBe(true)
    expect(stderr()).not.toContain('running')
  })

  it('says why an execution still waits', () => {
    const { view, stderr } = setUp()

    view.status('queued', 'no runner has a free slot')
    vi.advanceTimersByTime(200)

    expect(stderr()).toContain('queued: no runner has a free slot')
  })

  it('erases the phase before a note', async () => {
    const { view, stderr } = setUp()
    view.status('running', null)
    vi.advanceTimersByTime(200)

    await view.note('cancelling…')

    expect(stderr().split(ERASE).at(-1)).toBe('rgrid: cancelling…\n')
  })
})
