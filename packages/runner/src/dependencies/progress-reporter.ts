import type { Specification } from './specification.js'

/** Tells those who wait how an installation goes. */
export interface ProgressReporter {
  readonly onLine: (line: string) => void
  readonly stop: () => void
}

const INTERVAL_MS = 1_000
const MAX_CHARS = 160

/** Makes a {@link ProgressReporter} that passes on the last line once a second at most. */
export function createProgressReporter(
  { packages }: Specification,
  onProgress: (message: string) => void,
): ProgressReporter {
  const subject = packages === 1 ? 'installing 1 package' : `installing ${packages} packages`
  let timer: NodeJS.Timeout | undefined
  let nextLine: string | undefined

  // At once, and then what is last at the end of each interval.
  const tell = (): void => {
    timer = undefined
    if (nextLine === undefined) return
    onProgress(`${subject}: ${nextLine}`)
    nextLine = undefined
    timer = setTimeout(tell, INTERVAL_MS)
    timer.unref()
  }

  onProgress(subject)
  return {
    onLine(line) {
      nextLine = line.length > MAX_CHARS ? `${line.slice(0, MAX_CHARS - 1)}…` : line
      if (timer === undefined) tell()
    },
    stop: () => clearTimeout(timer),
  }
}
