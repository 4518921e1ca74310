import { createExecutionId, createRunnerId, offerSchema, specSchema } from '@rgrid/protocol'
import { randomUUID } from 'node:crypto'
import { createSqliteStore } from '../../src/store/sqlite/create-sqlite-store.js'

const MAX_PER_CLAIM = 7

let busy = 0

// The server answers 503 then and clients try again; on a loaded machine somebody may wait for longer than the timeout.
async function retryBusy<T>(operation: () => Promise<T>): Promise<T> {
  try {
    return await operation()
  } catch (error) {
    if (!(error instanceof Error && 'code' in error && error.code === 'SQLITE_BUSY')) throw error
    busy += 1
    return retryBusy(operation)
  }
}

/** Submits some executions, then claims whatever there is until nothing is left, and prints what it got. */
async function main([path = '', count = '0']: readonly string[]): Promise<void> {
  const store = createSqliteStore({ path })
  const { files: _files, ...spec } = specSchema.parse({
    script: 'a',
    runtime: 'python',
    files: [{ path: 'a', sha256: '0'.repeat(64), size: 0 }],
  })
  const common = { project: 'p', pool: 'default' }
  for (let index = 0; index < Number(count); index++) {
    const id = createExecutionId()
    await retryBusy(() =>
      store.executions.submit({ ...common, id, spec, specHash: id, files: [], inline: [] }),
    )
  }
  const runnerId = createRunnerId()
  const offers = [offerSchema.parse({ executor: 'process', runtimes: ['python'] })]
  await retryBusy(() =>
    store.runners.register({
      ...common,
      id: runnerId,
      name: 'r',
      slots: 1,
      offers,
      micronsPerHour: 0,
      environments: [],
    }),
  )
  const order = { ...common, runnerId, max: MAX_PER_CLAIM, leaseMs: 600_000, executors: ['process' as const] }
  const ids: string[] = []
  for (;;) {
    const claims = await retryBusy(() => store.executions.claim({ ...order, claimId: randomUUID() }))
    if (claims.length === 0) break
    ids.push(...claims.map(({ executionId }) => executionId))
  }
  await store.close()
  process.stdout.write(JSON.stringify({ ids, busy }))
}

await main(process.argv.slice(2))
