export { createRunner, type Runner, type RunnerOptions } from './create-runner.js'
export { createDockerExecutor, type DockerExecutorOptions } from './executors/docker-executor.js'
export {
  loadRuntimes,
  type RuntimeEntry,
  type RuntimeTable,
} from './executors/docker/images/runtime-table.js'
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
export type { Logger } from './logger.js'
