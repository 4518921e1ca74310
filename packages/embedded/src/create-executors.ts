import type { ExecutorName } from '@rgrid/protocol'
import {
  createDockerExecutor,
  createProcessExecutor,
  isEngineAnswering,
  parseImages,
  type Executor,
} from '@rgrid/runner'

/** The executors of a runner on this machine. */
export interface ExecutorChoice {
  readonly instance: string
  /** @default Docker where an engine answers, and plain processes */
  readonly executors?: readonly ExecutorName[] | undefined
}

/**
 * Makes the executors of a runner, in order of preference. The images of runtimes come from `RGRID_IMAGES`, written
 * as `python=name:tag,node=name:tag`, else from the default table.
 */
export async function createExecutors({ instance, executors }: ExecutorChoice): Promise<Executor[]> {
  const names =
    executors ?? ((await isEngineAnswering()) ? (['docker', 'process'] as const) : (['process'] as const))
  return names.map((name) => {
    if (name === 'process') return createProcessExecutor({ instance })
    const images = process.env['RGRID_IMAGES']
    return createDockerExecutor({
      instance,
      ...(images === undefined ? {} : { images: parseImages(images) }),
    })
  })
}
