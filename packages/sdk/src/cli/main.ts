import { CommanderError } from 'commander'
import type { CliContext } from './context.js'
import { EXIT, errorToExitCode } from './exit-code.js'
import { formatError } from './format-error.js'
import { createProgram } from './program.js'
import { write } from './write.js'
import { OutputError } from './errors.js'

/** Runs one command line and returns its exit code, with everything written. */
export async function runCli(argv: readonly string[], context: CliContext): Promise<number> {
  let code: number = EXIT.ok
  const printed: Promise<void>[] = []
  const program = createProgram({
    context,
    finish: (value) => void (code = value),
    print: (stream, text) => void printed.push(write(stream, text)),
  })
  try {
    try {
      await program.parseAsync([...argv], { from: 'user' })
    } catch (error) {
      if (!(error instanceof CommanderError)) throw error
      code = error.exitCode === 0 ? EXIT.ok : EXIT.usage
    }
    await Promise.all(printed)
    return code
  } catch (error) {
    await Promise.allSettled(printed)
    await report(context, error)
    return errorToExitCode(error)
  }
}

async function report(context: CliContext, error: unknown): Promise<void> {
  if (error instanceof OutputError && error.isBrokenPipe) return
  const text = formatError(error, context.env['RGRID_DEBUG'] === '1')
  await write(context.stderr, text).catch(() => {})
}
