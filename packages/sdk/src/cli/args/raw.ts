import { Option } from 'commander'

/** `--raw`. */
export const rawOption = (): Option =>
  new Option('--raw', 'on a terminal, keep control sequences other than colours')
