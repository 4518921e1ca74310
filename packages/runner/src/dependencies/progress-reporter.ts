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
  let lastLine = ''
  onProgress(subject)
  return {
    onLine(line) {
      lastLine = line.length > MAX_CHARS ? `${line.slice(0, MAX_CHARS - 1)}…` : line
      timer ??= setTimeout(() => {
        timer = undefined
        onProgress(`${subject}: ${lastLine}`)
      }, INTERVAL_MS)
      timer.unref()
    },
    stop: () => clearTimeout(timer),
  }
}
