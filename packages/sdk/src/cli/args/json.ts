import { Option } from 'commander'

/** `--json`, the same on every command. */
export const jsonOption = (what = 'print one JSON object on stdout'): Option => new Option('--json', what)
