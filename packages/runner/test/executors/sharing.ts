import Docker from 'dockerode'
import { existsSync, readFileSync } from 'node:fs'
import { DEFAULT_SOCKET_PATH } from '../../src/executors/docker/is-engine-answering.js'
import type { Executor } from '../../src/executors/executor.js'
import type { ContractContext } from './contract/contract-context.js'
import {
  createExecutor,
  createInstance,
  runScript,
  startScript,
  type FinishedScript,
  type LaunchOptions,
  type StartedScript,
} from './contract/start-script.js'
import { createTestExecutor } from './require-docker.js'

type OnTestFinished = ContractContext['onTestFinished']

const docker = new Docker({ socketPath: DEFAULT_SOCKET_PATH })

const createContext = (onTestFinished: OnTestFinished): ContractContext => ({
  onTestFinished,
  create: (instance, directory) => createTestExecutor(instance, directory),
  async countLeft(instance) {
    const filters = { label: [`rgrid.instance=${instance}`] }
    return (await docker.listContainers({ all: true, filters })).length
  },
})

/** An executor, and what runs one script after another in it. */
export function createSharing(onTestFinished: OnTestFinished) {
  const context = createContext(onTestFinished)
  const instance = createInstance()
  const executor: Executor = createExecutor(context, instance)
  const share = <T extends LaunchOptions>(options: T) => ({
    executor,
    isolation: 'shared' as const,
    ...options,
  })
  return {
    context,
    instance,
    executor,
    start: (source: string, options: LaunchOptions = {}): Promise<StartedScript> =>
      startScript(context, source, share(options)),
    /** Runs a script to its end, and leaves its container to the next. */
    async run(source: string, options: LaunchOptions = {}): Promise<FinishedScript> {
      const ended = await runScript(context, source, share(options))
      await ended.release()
      return ended
    },
  }
}

/** Does what its first argument says. */
export const OBEDIENT = `
import os, sys
exec(sys.argv[1])
`

/** Whether the control group of a container is frozen, in version 1 or 2. */
export function isFrozen(id: string): boolean {
  const states = [
    `/sys/fs/cgroup/freezer/docker/${id}/freezer.state`,
    `/sys/fs/cgroup/freezer/system.slice/docker-${id}.scope/freezer.state`,
    `/sys/fs/cgroup/docker/${id}/cgroup.freeze`,
    `/sys/fs/cgroup/system.slice/docker-${id}.scope/cgroup.freeze`,
  ].filter((path) => existsSync(path))
  return states.some((path) => ['FROZEN', '1'].includes(readFileSync(path, 'latin1').trim()))
}
