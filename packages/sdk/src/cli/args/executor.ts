import type { ExecutorName } from '@rgrid/protocol'
import { Option } from 'commander'

const EXECUTORS = ['docker', 'process'] as const satisfies readonly ExecutorName[]

/** `--executor NAME`. */
export const executorOption = (description: string): Option =>
  new Option('--executor <name>', description).choices(EXECUTORS)

/** `--executor NAME…`, for a runner that offers several. */
export const executorsOption = (description: string): Option =>
  new Option('--executor <name...>', description).choices(EXECUTORS)
