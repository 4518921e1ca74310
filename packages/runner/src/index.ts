export { createRunner, type Runner, type RunnerOptions } from './create-runner.js'
export { createDockerExecutor, type DockerExecutorOptions } from './executors/docker-executor.js'
export {
  readEngineAddress,
  type EngineAddress,
  type EngineCertificates,
} from './executors/docker/engine-address.js'
export { isEngineAnswering } from './executors/docker/is-engine-answering.js'
export { createProcessExecutor, type ProcessExecutorOptions } from './executors/process-executor.js'
export {
  InstallError,
  StartError,
  type Adoption,
  type Executor,
  type Exit,
  type InstallRequest,
  type Launch,
  type Layer,
  type Orphan,
  type Place,
  type PlaceRequest,
  type Running,
} from './executors/executor.js'
export { loadRuntimes } from './executors/runtimes/load-runtimes.js'
export type { RuntimeEntry, RuntimeTable } from './executors/runtimes/runtime-table.js'
export type { Logger } from './logger.js'
export type { MeasureFreeMib } from './shortage-watch.js'
