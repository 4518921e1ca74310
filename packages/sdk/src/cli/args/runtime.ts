import { Option } from 'commander'

/** `--runtime NAME`; which names there are is for the runners to say. */
export const runtimeOption = (): Option =>
  new Option(
    '--runtime <name>',
    'python, python3.12, node22, bash, or what else "rgrid runtimes" lists (default: by shebang, else by extension)',
  )
