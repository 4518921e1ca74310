import { WITH_UV } from './install-script.js'

const MAX_CHARS = 300

/**
 * Says in one line why an installer failed, from what it printed: as good as can be, for the whole output is the log.
 */
export function describeFailure(kind: 'python' | 'node', output: string, exitCode: number | null): string {
  const lines = output.split(/\r\n|\r|\n/).map((line) => line.trim())
  const find = kind === 'node' ? findNpm : lines.includes(WITH_UV) ? findUv : findPip
  const found = findRGrid(lines) ?? find(lines) ?? findLast(lines)
  const why = found ?? `the installer ended with ${exitCode === null ? 'a signal' : `code ${exitCode}`}`
  return why.length > MAX_CHARS ? `${why.slice(0, MAX_CHARS - 1)}…` : why
}

function findRGrid(lines: readonly string[]): string | undefined {
  return lines.findLast((line) => line.startsWith('rgrid: '))?.slice('rgrid: '.length)
}

/** What it came to is last, but for a package that could not be built: then the build's last words say more. */
function findPip(lines: readonly string[]): string | undefined {
  const build = lines.find((line) => line.startsWith('× '))
  if (build === undefined) {
    const last = lines.findLast((line) => /^error: /i.test(line))
    return last === undefined ? undefined : `pip: ${last.replace(/^error: /i, '')}`
  }
  const end = lines.findIndex((line) => line.includes('[end of output]'))
  const words = lines.slice(0, Math.max(end, 0)).findLast((line) => line !== '')
  return ['pip', build.replace(/^× /, '').replace(/\.$/, ''), words]
    .filter((part) => part !== undefined)
    .join(': ')
}

/** uv draws its reasons as a tree whose last branch is the conclusion, wrapped over lines. */
function findUv(lines: readonly string[]): string | undefined {
  const start = lines.findLastIndex((line) => line.startsWith('╰─▶'))
  if (start === -1) {
    const error = lines.find((line) => line.startsWith('error: '))?.replace('error: ', '')
    const cause = lines.findLast((line) => line.startsWith('Caused by: '))?.replace('Caused by: ', '')
    return error === undefined
      ? undefined
      : ['uv', error, cause].filter((part) => part !== undefined).join(': ')
  }
  const end = lines.findIndex((line, index) => index > start && line === '')
  const words = lines.slice(start, end === -1 ? undefined : end).join(' ')
  return `uv: ${words.replace(/^╰─▶\s*/, '').replaceAll(/\s+/g, ' ')}`
}

/** npm's first line of words: the code stands before it, advice and the place of its log after it. */
function findNpm(lines: readonly string[]): string | undefined {
  const errors = lines
    .map((line) => /^npm (?:error|ERR!) ?(.*)$/.exec(line)?.[1]?.trim())
    .filter((text) => text !== undefined && text !== '')
  const told = errors.find((text) => !/^(?:code|errno|syscall|path|command|signal) /.test(text ?? ''))
  const first = told ?? errors[0]
  return first === undefined ? undefined : `npm: ${first}`
}

function findLast(lines: readonly string[]): string | undefined {
  return lines.findLast((line) => line !== '')
}
