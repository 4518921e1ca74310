import type { StreamName } from '@rgrid/protocol'
import { Option } from 'commander'

const STREAMS = ['stdout', 'stderr'] as const satisfies readonly StreamName[]

/** `--stream NAME`. */
export const streamOption = (): Option =>
  new Option('--stream <name>', 'only this stream of the script').choices(STREAMS)
