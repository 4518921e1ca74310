import { spawn, type ChildProcessWithoutNullStreams } from 'node:child_process'
import { once } from 'node:events'
import { fileURLToPath } from 'node:url'
import { onTestFinished } from 'vitest'

/** The built command, as `npm test` leaves it. */
export const RGRID = fileURLToPath(new URL('../../../rgrid/bin/rgrid.js', import.meta.url))

/** The root of the repository. */
export const ROOT = fileURLToPath(new URL('../../../..', import.meta.url))

/** How a command is run. */
export interface CommandOptions {
  readonly cwd?: string
  /** The user's home: configuration and data live in it. */
  readonly home: string
  readonly env?: Readonly<Record<string, string>>
  /** Whether it has a terminal, through Python: both of its streams come out as `stdout`. @default false */
  readonly terminal?: boolean
}

/** What a command did. */
export interface Outcome {
  readonly code: number | null
  readonly stdout: Buffer
  readonly stderr: string
}

/** A command under way. */
export interface Started {
  readonly child: ChildProcessWithoutNullStreams
  readonly ended: Promise<Outcome>
  /** All that it has printed so far. */
  printed(): string
  /** Resolves once stdout or stderr holds the text. */
  prints(text: string): Promise<void>
}

const IN_TERMINAL = `
import os, pty, sys
sys.exit(os.waitstatus_to_exitcode(pty.spawn(sys.argv[1:])))
`

/** Starts a command, as a shell would; without a terminal unless told otherwise. */
export function start(args: readonly string[], options: CommandOptions): Started {
  const { cwd = ROOT, home, env = {}, terminal = false } = options
  const surroundings = {
    PATH: process.env['PATH'],
    RGRID_IMAGES: process.env['RGRID_IMAGES'],
    HOME: home,
    XDG_DATA_HOME: '',
    ...env,
  }
  const [program = '', ...words] = [
    ...(terminal ? ['python3', '-c', IN_TERMINAL] : []),
    process.execPath,
    RGRID,
    ...args,
  ]
  const child = spawn(program, words, { cwd, env: surroundings })
  onTestFinished(() => void child.kill('SIGKILL'))
  child.stdin.end()
  const stdout: Buffer[] = []
  let stderr = ''
  let seen = ''
  const waiting: { text: string; resolve: () => void }[] = []
  const notice = (text: string): void => {
    seen += text
    for (const { text: wanted, resolve } of waiting) if (seen.includes(wanted)) resolve()
  }
  child.stdout.on('data', (bytes: Buffer) => {
    stdout.push(bytes)
    notice(bytes.toString())
  })
  child.stderr.on('data', (bytes: Buffer) => {
    stderr += bytes.toString()
    notice(bytes.toString())
  })
  const ended = once(child, 'close').then(([code]: unknown[]) => ({
    code: code as number | null,
    stdout: Buffer.concat(stdout),
    stderr,
  }))
  const prints = (text: string): Promise<void> => {
    const printed = new Promise<void>((resolve) => waiting.push({ text, resolve }))
    notice('')
    const early = ended.then(({ code }) => {
      if (!seen.includes(text))
        throw new Error(
          `rgrid ${args.join(' ')} ended with ${String(code)} before it printed ${text}: ${seen}`,
        )
    })
    return Promise.race([printed, early])
  }
  return { child, ended, prints, printed: () => seen }
}

/** Runs a command to its end. */
export const rgrid = (args: readonly string[], options: CommandOptions): Promise<Outcome> =>
  start(args, options).ended
