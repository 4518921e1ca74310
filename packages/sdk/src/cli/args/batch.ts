import type { Rerun } from '@rgrid/protocol'
import { Argument, Option } from 'commander'
import { integerOption } from './integer.js'

// Written out, as loading the protocol would hold up every command.
const RERUN: readonly Rerun[] = ['failed', 'missing', 'all']
const MAX_PARALLEL = 10_000

/** The flags of a run over many inputs. */
export const batchOptions = (): Option[] => [
  new Option(
    '--batch <glob>',
    'run once for each file, which takes the place of {} or comes last; - reads a list from stdin',
  ),
  new Option('-0, --null', 'the list on stdin is separated by NUL characters, as find -print0 writes it'),
  integerOption('--parallel <number>', 'run at most so many of a batch at once', 1, MAX_PARALLEL),
  new Option('--fail-fast', 'end a batch with its first failure'),
  new Option('--rerun <which>', 'run these though they were run before (default: failed)').choices(RERUN),
  new Option('--lane <name>', 'share the parallel limit with batches of the same lane'),
  new Option('--output-dir <dir>', 'where the files of a batch go (default: outputs)'),
  new Option('--flat', 'save the files of a batch without a folder for each input'),
  new Option('--logs', 'print the output of each input when it has ended, its name before each line'),
]

/** The batch that a command is about. */
export const batchIdArgument = (): Argument =>
  new Argument('<id>', 'the id of a batch, as rgrid batch ls shows it')

/** Whether an id is that of a batch. */
export const isBatchId = (id: string): boolean => id.startsWith('batch_')
