import { Option } from 'commander'
import { batchOptions } from '../args/batch.js'
import { cacheOptions } from '../args/cache.js'
import { collect } from '../args/collect.js'
import { containerOptions } from '../args/container.js'
import { envFileOption } from '../args/env-file.js'
import { envOption } from '../args/env.js'
import { executorOption } from '../args/executor.js'
import { jsonOption } from '../args/json.js'
import { labelOption } from '../args/label.js'
import { outputOptions } from '../args/outputs.js'
import { priorityOption, retryOptions } from '../args/retries.js'
import { resourceOptions } from '../args/resources.js'
import { runtimeOption } from '../args/runtime.js'
import { timeoutOption } from '../args/timeout.js'
import type { RunFlags } from '../actions/read-run-options.js'
import type { Setup } from '../setup.js'

const EXAMPLES = `
Examples:
  rgrid run hello.py
  rgrid run report.py sales.csv --verbose     (--verbose is the script's)
  rgrid run --timeout 1h -e TOKEN train.py
  rgrid run --input 'data/**' --input model.bin train.py
  cat items | rgrid run --stdin count.py
  rgrid run -d train.py                       (prints the id and returns)
  rgrid run --output 'charts/*.svg' plot.py   (nothing else comes home)
  rgrid run --retries 3 fetch.py              (up to three times more when it fails)
  rgrid run --cache report.py sales.csv       (runs only when something changed)
  rgrid run --batch 'images/*.png' --parallel 10 resize.py {} --size 200
`

const createOptions = (): Option[] => [
  envOption(),
  envFileOption(),
  timeoutOption(),
  runtimeOption(),
  executorOption("how the runner runs it (default: the runner's choice)"),
  ...resourceOptions(),
  ...containerOptions(),
  requirementsOption(),
  new Option('--no-dependencies', 'install nothing, whatever files beside the script ask for'),
  labelOption(),
  new Option('--key <name>', 'the same command with the same name finds this execution again'),
  ...outputOptions(),
  priorityOption(),
  ...retryOptions(),
  ...cacheOptions(),
  ...inputOptions(),
]

const requirementsOption = (): Option =>
  new Option(
    '--requirements <file>',
    'install these for a Python script (default: its inline metadata, else requirements.txt beside it)',
  )

const inputOptions = (): Option[] => [
  new Option(
    '--input <pattern>',
    'take along a file, a directory or what a quoted pattern matches; "!…" leaves out (repeatable)',
  ).argParser(collect),
  new Option('--stdin', "read this command's standard input to its end and hand it to the script"),
  new Option('--writable-inputs', 'let the script write to large input files too, at the cost of a copy'),
]

/** `rgrid run`. */
export function defineRun({ program, context, finish }: Setup): void {
  const command = program.command('run')
  for (const option of [...createOptions(), ...batchOptions()]) command.addOption(option)
  command
    .summary('run a script and bring its output, files and exit code home')
    .description(
      'Runs a script. Options come before its name; everything behind it belongs to the script. Arguments that name files take them along, so do the local modules that it imports, and files the script writes are saved into the current directory.',
    )
    .argument('<script>', 'the file to run')
    .argument('[args...]', "the script's own arguments")
    .option('--no-upload', 'do not take along the files that arguments name and the modules that it imports')
    .option('--dry-run', 'list what would travel, and why, and send nothing')
    .option('--remote-only', 'leave the files the script wrote on the server')
    .option('-d, --detach', 'print the id and return, while the script goes on')
    .option('-q, --quiet', "say nothing but the script's output and failures")
    .addOption(jsonOption('print output, status and result as JSON lines on stdout'))
    .addHelpText('after', EXAMPLES)
    .passThroughOptions()
    .action(async (script: string, args: string[], flags: RunFlags) => {
      const { run } = await import('../actions/run.js')
      finish(await run(context, script, args, flags))
    })
}
