import { Option } from 'commander'

/** `--runtime NAME`; which names there are is checked where the table is loaded. */
export const runtimeOption = (): Option =>
  new Option(
    '--runtime <name>',
    'python, python3.12, node22, bash, … (default: by shebang, else by extension)',
  )
