import type { Command } from 'commander'
import { EXIT_CODES_HELP } from '../exit-code.js'
import { UsageError } from '../errors.js'
import type { OutputStream } from '../context.js'
import type { Setup } from '../setup.js'

/** `rgrid help`, with topics beside the commands. */
export function defineHelp(
  { program, context }: Setup,
  print: (stream: OutputStream, text: string) => void,
): void {
  program
    .command('help')
    .description('explain a command, or the topic exit-codes')
    .argument('[topic]')
    .action((topic: string | undefined) => {
      if (topic === 'exit-codes') print(context.stdout, EXIT_CODES_HELP)
      else findCommand(program, topic).outputHelp()
    })
}

function findCommand(program: Command, name: string | undefined): Command {
  if (name === undefined) return program
  const command = program.commands.find((one) => one.name() === name)
  if (command === undefined)
    throw new UsageError(`there is no command or topic "${name}": rgrid help lists them`)
  return command
}
