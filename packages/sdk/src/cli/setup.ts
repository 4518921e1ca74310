import type { Command } from 'commander'
import type { CliContext, OutputStream } from './context.js'

/** What a command's definition gets: where it is added, what it works on, and where its exit code goes. */
export interface Setup {
  readonly program: Command
  readonly context: CliContext
  readonly finish: (code: number) => void
}

/** What the program is made with. */
export interface ProgramOptions extends Omit<Setup, 'program'> {
  /** Takes the text that the parser itself prints, such as help. */
  readonly print: (stream: OutputStream, text: string) => void
}
