import { afterEach, beforeEach, describe, expect, it, vi } from 'vitest'
import { createTextView } from '../../src/cli/text-view.js'
import { createTestContext } from './support/create-test-context.js'
import { createPiece } from './support/fake-execution.js'

const ERASE = '\r\x1b[2K'

beforeEach(() => void vi.useFakeTimers())
afterEach(() => void vi.useRealTimers())

function setUp(tty = true) {
  const { context, stdout, stderr } = createTestContext({ tty, env: { NO_COLOR: '1' } })
  return { view: createTextView(context, {}), stdout, stderr }
}

describe('the text view', () => {
  it('erases the phase before the first byte of the script', async () => {
    const { view, stdout, stderr } = setUp()
    view.status('claimed', null, 1)
    vi.advanceTimersByTime(200)
    expect(stderr()).toContain('preparing')

    await view.log(createPiece('stdout', 'hi\n'))
    view.status('running', null, 1)
    vi.advanceTimersByTime(200)

    expect(stdout()).toBe('hi\n')
    expect(stderr().endsWith(ERASE)).toBe(true)
    expect(stderr()).not.toContain('running')
  })

  it('says how far files are where that takes its time, and to people alone', async () => {
    const upload = { phase: 'uploading', filesDone: 3, filesTotal: 10, staying: [] } as const
    const [seen, unseen] = [setUp(), setUp(false)]
    for (const { view } of [seen, unseen]) {
      view.upload({ ...upload, bytesDone: 0, bytesTotal: 200 * 1024 ** 2 })
      vi.advanceTimersByTime(400)
    }
    expect(seen.stderr()).toBe('')
    for (const { view } of [seen, unseen]) {
      vi.advanceTimersByTime(200)
      view.upload({ ...upload, bytesDone: 12.5 * 1024 ** 2, bytesTotal: 200 * 1024 ** 2 })
      vi.advanceTimersByTime(100)
    }

    expect(seen.stderr()).toContain('uploading 3 of 10 files, 12.5 of 200.0 MiB')
    expect(unseen.stderr()).toBe('')
  })

  it('says where output is missing, or may be', async () => {
    const { view, stderr } = setUp(false)

    await view.log({ ...createPiece('stdout', ''), gapBytes: 12 })
    await view.log({ ...createPiece('stderr', ''), gapBytes: null })

    expect(stderr()).toBe(
      'rgrid: 12 bytes of a very long output were not kept and are missing here\n' +
        'rgrid: the runner was killed and another went on: some of stderr may be missing here\n',
    )
  })

  it('says why an execution still waits', () => {
    const { view, stderr } = setUp()

    view.status('queued', 'no runner has a free slot', 0)
    vi.advanceTimersByTime(200)

    expect(stderr()).toContain('queued: no runner has a free slot')
  })

  it.for([true, false])(
    'says once that the script is started again, on a terminal or not: %s',
    async (tty) => {
      const { view, stderr } = setUp(tty)
      const why = 'attempt 1 ended with exit code 75; tried again in 1.8 s'
      await view.log(createPiece('stderr', 'half a line'))

      for (let repeat = 0; repeat < 2; repeat++) view.status('queued', why, 1)
      view.status('queued', null, 1)
      await vi.advanceTimersByTimeAsync(200)

      expect(stderr().split(`rgrid: ${why}\n`)).toHaveLength(2)
      expect(stderr()).toContain('half a line\n')
    },
  )

  it('says it between the output of the two attempts', async () => {
    const { view, stderr } = setUp(false)
    const piece = (attempt: number) => ({ ...createPiece('stderr', `try ${attempt}\n`), attempt })
    view.status('queued', 'again', 1)

    await view.log(piece(1))
    await view.log(piece(2))

    expect(stderr()).toBe('try 1\nrgrid: again\ntry 2\n')
  })

  it('says it at the end where no output follows', async () => {
    const { view, stderr } = setUp(false)

    view.status('queued', 'again', 1)
    await view.end()

    expect(stderr()).toBe('rgrid: again\n')
  })

  it('says nothing of that with --quiet', async () => {
    const { context, stderr } = createTestContext()
    const view = createTextView(context, { quiet: true })

    view.status('queued', 'attempt 1 was lost', 1)
    await view.end()

    expect(stderr()).toBe('')
  })

  it('shows what the runner prepares, and nothing that steers the terminal', () => {
    const { view, stderr } = setUp()

    view.status('claimed', 'pulling python:3.12 \x1b[31m40 %', 1)
    vi.advanceTimersByTime(200)

    expect(stderr()).toContain('preparing: pulling python:3.12 \\u{1b}[31m40 %')
  })

  it('tells of progress now and then where nobody watches', () => {
    const { view, stderr } = setUp(false)

    view.status('queued', 'no runner is free', 0)
    for (let percent = 0; percent < 10; percent++) {
      view.status('claimed', `pulling ${percent} %`, 1)
      vi.advanceTimersByTime(1_000)
    }

    expect(stderr().split('\n')).toEqual([
      'rgrid: queued: no runner is free',
      'rgrid: preparing: pulling 0 %',
      'rgrid: preparing: pulling 5 %',
      '',
    ])
  })

  it('erases the phase before a note', async () => {
    const { view, stderr } = setUp()
    view.status('running', null, 1)
    vi.advanceTimersByTime(200)

    await view.note('cancelling…')

    expect(stderr().split(ERASE).at(-1)).toBe('rgrid: cancelling…\n')
  })
})
