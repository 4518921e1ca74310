import type { CliContext } from './context.js'
import { note } from './write.js'

/** Where a runner of this command says what is wrong: on stderr. What goes well is not told. */
export const createCliLogger = (context: CliContext) => ({
  info: (): void => undefined,
  warn: (message: string): void => void note(context, message),
})
