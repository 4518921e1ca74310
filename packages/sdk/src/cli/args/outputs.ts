import { Option } from 'commander'
import { collect } from './collect.js'

/** `--output` and `--exclude-output`. */
export const outputOptions = (): Option[] => [
  new Option(
    '--output <glob>',
    'bring home only the files that this matches (repeatable; default: all that it creates or changes)',
  ).argParser(collect),
  new Option('--exclude-output <glob>', 'do not bring home what this matches (repeatable)').argParser(
    collect,
  ),
]
