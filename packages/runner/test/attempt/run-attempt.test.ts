import { RGridError, type Claim } from '@rgrid/protocol'
import type { Api, Call } from '@rgrid/protocol/client'
import { mkdtemp, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { setImmediate as immediately } from 'node:timers/promises'
import { describe, expect, onTestFinished, test } from 'vitest'
import { runAttempt } from '../../src/attempt/run-attempt.js'
import type { Executor, Launch, Running } from '../../src/executors/executor.js'
import { SILENT } from '../../src/logger.js'
import { createEndedScript } from './ended-script.js'

const CLAIM: Claim = {
  executionId: 'exec_01936b4e8f7a7c3e9d0a1b2c3d4e5f60',
  attempt: 1,
  project: 'default',
  leaseToken: 'token',
  executor: 'process',
  spec: {
    script: 'a.py',
    runtime: 'python',
    args: [],
    rewrites: [],
    env: {},
    resources: {},
    isolation: 'execution',
    timeoutMs: 60_000,
    labels: {},
    folders: [],
    files: [],
  },
}

const failToStart = (): Promise<Running> =>
  Promise.reject(new Error('the script of this test does not exist'))

/** Runs the attempt with a server that answers "started" as told, and tells what the server and the place heard. */
async function attemptWith(answerStarted: () => Promise<object>, startScript = failToStart) {
  const workDir = await mkdtemp(join(tmpdir(), 'rgrid-attempt-'))
  onTestFinished(() => rm(workDir, { recursive: true }))
  const heard: string[] = []
  let completion: unknown
  const api = {
    url: 'http://test',
    send: () => Promise.reject(new Error('nothing is sent')),
    async call(_schema: unknown, { path, json }: Call) {
      const verb = path.split('/').at(-1) ?? ''
      heard.push(verb)
      if (verb === 'started') return answerStarted()
      if (verb === 'complete') completion = json
      return { ok: true }
    },
  } as unknown as Api
  const start = async ({ mayStart }: Launch): Promise<Running> => {
    heard.push('ready')
    await mayStart
    heard.push('script')
    return startScript()
  }
  const executor = {
    name: 'process',
    prepare: async () => ({
      ...{ workDir, container: null, environment: 'process 1', start },
      remove: async () => void heard.push('remove'),
    }),
  } as unknown as Executor
  const cleanUps: Promise<void>[] = []
  await runAttempt(
    {
      ...{ api, executors: [executor], leaseMs: 60_000, longPollMs: 1_000, logBytes: 1_000, logger: SILENT },
      fetchBlob: () => Promise.reject(new Error('there is no blob')),
      cleanUp: (work) => void cleanUps.push(work),
      stopped: new AbortController().signal,
    },
    CLAIM,
  )
  await Promise.all(cleanUps)
  return { heard, completion }
}

describe('a script', () => {
  test('is made ready while the server is asked, and started when it has answered', async () => {
    const { heard } = await attemptWith(async () => {
      await immediately()
      return { cancelRequested: false }
    })

    expect(heard).toEqual(['started', 'ready', 'script', 'complete', 'remove'])
  })

  test('is not started when a cancel was requested', async () => {
    const { heard, completion } = await attemptWith(async () => ({ cancelRequested: true }))

    expect(heard).toEqual(['started', 'ready', 'complete', 'remove'])
    expect(completion).toMatchObject({ cause: 'cancelled', exitCode: null, environment: null })
  })

  test('is not started when the lease is lost, and nothing is reported', async () => {
    const { heard } = await attemptWith(() => Promise.reject(new RGridError('lease_lost', 'gone')))

    expect(heard).toEqual(['started', 'ready', 'remove'])
  })

  test('is reported with what it ran in', async () => {
    const { completion } = await attemptWith(
      async () => ({ cancelRequested: false }),
      async () => createEndedScript(3),
    )

    expect(completion).toMatchObject({ cause: 'exit', exitCode: 3, environment: 'process 1' })
  })

  test('ran in nothing when it could not be started', async () => {
    const { completion } = await attemptWith(async () => ({ cancelRequested: false }))

    expect(completion).toMatchObject({ cause: 'internal', environment: null })
  })
})
