export { createRunner, type Runner, type RunnerOptions } from './create-runner.js'
export { createProcessExecutor, type ProcessExecutorOptions } from './executors/process-executor.js'
export { StartError, type Executor, type Exit, type Launch, type Running } from './executors/executor.js'
export type { Logger } from './logger.js'
