import type { CliContext } from './context.js'
import { createStyle } from './style.js'
import { widthOf } from './width.js'

const FRAMES = ['⠋', '⠙', '⠹', '⠸', '⠼', '⠴', '⠦', '⠧', '⠇', '⠏']
const FRAME_MS = 80
const FIRST_FRAME_MS = 120
const ERASE = '\r\x1b[2K'

/** A moving line on stderr that says what is being waited for. */
export interface Spinner {
  /** Whether anyone sees it. */
  readonly isWatched: boolean
  show(text: string): void
  /** Erases the line. What ran quickly never had one, and nothing shows again. */
  stop(): void
}

const HIDDEN: Spinner = { isWatched: false, show() {}, stop() {} }

/** A spinner where a person is looking, else one that shows nothing. */
export function createSpinner(context: CliContext): Spinner {
  const { stderr, env } = context
  const isWatched = stderr.isTTY === true && env['TERM'] !== 'dumb' && (env['CI'] ?? '') === ''
  if (!isWatched) return HIDDEN
  const style = createStyle(context, stderr)
  let text = ''
  let frame = 0
  let drawn = false
  const draw = (): void => {
    if (text === '') return
    drawn = true
    // A line that wraps could not be erased.
    const line = `${FRAMES[frame++ % FRAMES.length]} ${text}`.slice(0, widthOf(stderr) - 1)
    stderr.write(ERASE + style('dim', line))
  }
  let timer = setTimeout(() => {
    draw()
    timer = setInterval(draw, FRAME_MS).unref()
  }, FIRST_FRAME_MS).unref()
  return {
    isWatched: true,
    show: (next) => void (text = next),
    stop() {
      clearTimeout(timer)
      if (drawn) stderr.write(ERASE)
      drawn = false
      text = ''
    },
  }
}
