import BetterSqlite3 from 'better-sqlite3'
import { RGridError } from '@rgrid/protocol'
import { join } from 'node:path'
import { setImmediate as immediately } from 'node:timers/promises'
import { expect, test } from 'vitest'
import { sha256 } from '../../server-fixture.js'
import { createSubmission, createWorld, DAY_MS, type World } from './garbage-fixture.js'

const ROUNDS = 150
const CLIENTS = 6
const TEXTS = ['a', 'b', 'c', 'd', 'e']

/** Does what clients do: asks what is missing, uploads that, and submits. Lets others in between. */
async function submitLikeAClient({ store, upload }: World, texts: readonly string[]): Promise<string> {
  const wanted = texts.map((text) => sha256(text))
  const missing = await store.blobs.listMissing('p', wanted)
  await waitALittle()
  for (const text of texts.filter((each) => missing.includes(sha256(each))))
    await uploadUntilKept(upload, text)
  await waitALittle()
  const submission = createSubmission('p', texts)
  await store.executions.submit(submission)
  return submission.id
}

/** Lets a round of collecting come to any of its steps. */
async function waitALittle(): Promise<void> {
  for (let turns = Math.random() * 30; turns > 0; turns--) await immediately()
}

/** The clock of this test runs so far ahead that no file seems to have arrived lately. */
async function uploadUntilKept(upload: World['upload'], text: string): Promise<void> {
  try {
    await upload(text)
  } catch (error) {
    if (!(error instanceof RGridError && error.code === 'unavailable')) throw error
    await uploadUntilKept(upload, text)
  }
}

async function expectWhole({ store, context }: World, ids: readonly string[]): Promise<void> {
  for (const id of ids)
    for (const { sha256: digest } of await store.executions.listArtifacts('p', id)) {
      expect(await store.blobs.find('p', digest)).toBeDefined()
      expect(await context.blobs.has(digest)).toBe(true)
    }
}

test('what a client was told is here, or has uploaded, is there when it submits', async () => {
  const world = await createWorld()
  const { store, collect, pass } = world
  for (let round = 0; round < ROUNDS; round++) {
    pass(1.1 * DAY_MS)
    const clients = Array.from({ length: CLIENTS }, (_, index) =>
      submitLikeAClient(world, [TEXTS[(round + index) % 5] ?? '', TEXTS[(round * index) % 5] ?? '']),
    )
    const [ids] = await Promise.all([Promise.all(clients), collect(), collect()])

    await expectWhole(world, ids)
    // Nothing refers to anything any more, so that the next round has all of it to collect.
    for (const id of ids) {
      await store.executions.cancel('p', id)
      await store.retention.remove('p', id)
    }
  }
})

test('100,000 rows go in small steps, between which others write', async () => {
  const world = await createWorld()
  const { store, directory, collect, pass } = world
  await store.keys.find('')
  insertEnded(join(directory, '../store.db'), 25_000)
  pass(100 * DAY_MS)
  let isCollecting = true
  const collecting = collect().finally(() => (isCollecting = false))

  let submitted = 0
  while (isCollecting) {
    const submission = createSubmission('p', [])
    await store.executions.submit(submission)
    await store.executions.cancel('p', submission.id)
    submitted++
    await immediately()
  }
  await collecting

  // A step takes away 100 executions at most, and whoever waits for the store is let in between two.
  expect(submitted).toBeGreaterThan(250)
  const left = await store.executions.list('p', { limit: 2_000 })
  expect(left.every(({ status }) => status === 'cancelled')).toBe(true)
  const file = new BetterSqlite3(join(directory, '../store.db'))
  const count = (table: string) => file.prepare(`SELECT count(*) FROM ${table}`).pluck().get()
  expect(['log_chunks', 'artifacts', 'blobs', 'losses'].map(count)).toEqual([0, 0, 0, 0])
  file.close()
})

/** Writes executions of long ago, each with a log and an output. */
function insertEnded(path: string, count: number): void {
  const file = new BetterSqlite3(path)
  const numbers = `WITH RECURSIVE numbers (n) AS (SELECT 1 UNION ALL SELECT n + 1 FROM numbers WHERE n < ${count})`
  const spec = JSON.stringify(createSubmission('p', []).spec)
  file
    .prepare(
      `${numbers} INSERT INTO executions
        (id, project, pool, status, runtime, spec, spec_hash, created_at, finished_at)
      SELECT 'exec_' || n, 'p', 'default', 'completed', 'python', ?, 'h', n, n FROM numbers`,
    )
    .run(spec)
  for (const insert of [
    `INSERT INTO log_chunks SELECT 'exec_' || n, 1, 1, 'stdout', n, x'00', NULL FROM numbers`,
    `INSERT INTO blobs (project, sha256, size, data, created_at) SELECT 'p', 'sha' || n, 1, x'00', n FROM numbers`,
    `INSERT INTO artifacts (project, execution_id, kind, path, sha256, size, executable)
      SELECT 'p', 'exec_' || n, 'output', 'out', 'sha' || n, 1, 0 FROM numbers`,
  ])
    file.exec(`${numbers} ${insert}`)
  file.close()
}
