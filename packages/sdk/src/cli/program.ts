import { Command } from 'commander'
import { defineAttach } from './commands/attach.js'
import { defineBatch } from './commands/batch.js'
import { defineCancel } from './commands/cancel.js'
import { defineDoctor } from './commands/doctor.js'
import { defineDownload } from './commands/download.js'
import { defineHelp } from './commands/help.js'
import { defineInit } from './commands/init.js'
import { defineLogs } from './commands/logs.js'
import { defineLs } from './commands/ls.js'
import { defineOutputs } from './commands/outputs.js'
import { defineRetry } from './commands/retry.js'
import { defineRm } from './commands/rm.js'
import { defineRun } from './commands/run.js'
import { defineRunner } from './commands/runner.js'
import { defineRunners } from './commands/runners.js'
import { defineRuntimes } from './commands/runtimes.js'
import { defineServer } from './commands/server.js'
import { defineStatus } from './commands/status.js'
import { defineUp } from './commands/up.js'
import { defineWait } from './commands/wait.js'
import type { ProgramOptions } from './setup.js'
import { VERSION } from './version.js'
import { widthOf } from './width.js'

const COMMANDS = [
  defineRun,
  defineStatus,
  defineLogs,
  defineAttach,
  defineWait,
  defineCancel,
  defineRetry,
  defineLs,
  defineOutputs,
  defineDownload,
  defineRm,
  defineBatch,
  defineUp,
  defineServer,
  defineRunner,
  defineRunners,
  defineRuntimes,
  defineInit,
  defineDoctor,
]

const AFTER_HELP = `
Begin with rgrid run SCRIPT. Explained elsewhere: rgrid help COMMAND, rgrid help exit-codes.
`

/** Builds the parser with every command. Their actions are loaded when they are called. */
export function createProgram({ context, finish, print }: ProgramOptions): Command {
  const program = new Command('rgrid')
    .description('Run a script somewhere else as easily as `python script.py`.')
    .usage('<command> [options]')
    .version(VERSION, '-V, --version')
    .helpCommand(false)
    .addHelpText('after', AFTER_HELP)
    .enablePositionalOptions()
    .exitOverride()
    .configureOutput({
      writeOut: (text) => print(context.stdout, text),
      writeErr: (text) => print(context.stderr, text),
      outputError: (text, writeError) => writeError(toOneLine(text)),
      getOutHelpWidth: () => widthOf(context.stdout),
      getErrHelpWidth: () => widthOf(context.stderr),
      getOutHasColors: () => false,
      getErrHasColors: () => false,
    })
  const setup = { program, context, finish }
  for (const define of COMMANDS) define(setup)
  defineHelp(setup, print)
  return program
}

/** Makes the parser's `error: …` with its suggestion on a second line into one line of RGrid's own. */
function toOneLine(text: string): string {
  const [error = '', suggestion = ''] = text.replace(/^error: /, '').split('\n')
  if (suggestion !== '') return `rgrid: ${error}: ${suggestion.replace(/^\(D(.*)\)$/, 'd$1')}\n`
  const isAdvised = error.includes('. ')
  return `rgrid: ${error.replace(/\.$/, '')}${isAdvised ? '' : ': rgrid --help shows what there is'}\n`
}
