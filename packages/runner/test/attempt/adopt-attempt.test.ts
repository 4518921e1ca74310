import { createRunnerId } from '@rgrid/protocol'
import type { Api, Call } from '@rgrid/protocol/client'
import { mkdtemp, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { expect, onTestFinished, test } from 'vitest'
import { adoptAttempt } from '../../src/attempt/adopt-attempt.js'
import type { AttemptMemo } from '../../src/attempt/attempt-memo.js'
import type { Orphan } from '../../src/executors/executor.js'
import { SILENT } from '../../src/logger.js'
import { createEndedScript } from './ended-script.js'

const MEMO: AttemptMemo = {
  executionId: 'exec_01936b4e8f7a7c3e9d0a1b2c3d4e5f60',
  attempt: 1,
  leaseTokens: ['1'.repeat(32)],
  timeoutMs: 60_000,
  inputs: [],
  links: [],
}

test('a script that is gone on with is reported with what it was started in', async () => {
  const workDir = await mkdtemp(join(tmpdir(), 'rgrid-adopted-'))
  onTestFinished(() => rm(workDir, { recursive: true }))
  let completion: unknown
  const api = {
    url: 'http://test',
    async call(_schema: unknown, { path, json }: Call) {
      if (path.endsWith('/complete')) completion = json
      return { cancelRequested: false, lastSeq: 0, storedBytes: 0 }
    },
  } as unknown as Api
  const orphan: Orphan = {
    memo: JSON.stringify(MEMO),
    remember: () => undefined,
    adopt: () => ({
      place: { workDir, container: 'warm', environment: 'docker sha256:1', remove: async () => undefined },
      running: createEndedScript(7),
      startedAt: Date.now(),
    }),
  }
  const context = {
    ...{ api, executors: [], leaseMs: 60_000, longPollMs: 1_000, logBytes: 1_000, logger: SILENT },
    fetchBlob: () => Promise.reject(new Error('there is no blob')),
    cleanUp: () => undefined,
    stopped: new AbortController().signal,
  }

  const goOn = await adoptAttempt(context, createRunnerId(), orphan)
  await goOn?.()

  expect(completion).toMatchObject({ cause: 'exit', exitCode: 7, environment: 'docker sha256:1' })
})
