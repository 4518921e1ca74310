import { CACHE, TEST_RUNTIMES } from './require-docker.js'
import { createProcessExecutor } from '../../src/executors/process-executor.js'
import { findMarked } from '../../src/executors/process/process-table.js'
import { describeExecutor } from './executor-contract.js'

describeExecutor('process', {
  available: true,
  isolates: false,
  create: (instance, workDirectory) =>
    createProcessExecutor({ instance, workDirectory, cacheDirectory: CACHE, runtimes: TEST_RUNTIMES }),
  countLeft: async (instance) => findMarked(`RGRID_INSTANCE=${instance}`).length,
})
