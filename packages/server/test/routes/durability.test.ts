import { createExecutionId } from '@rgrid/protocol'
import { expect, test } from 'vitest'
import { createSqliteStore } from '../../src/index.js'
import {
  claimOne,
  createFixture,
  createSpec,
  createTestRunner,
  logChunk,
  submit,
  SUCCESS,
} from '../server-fixture.js'

const settle = (): Promise<void> => new Promise((resolve) => setTimeout(resolve, 30))

/** A server whose disk holds everybody up from {@link hold} to {@link release}. */
async function createSlowDisk() {
  const store = createSqliteStore({ path: ':memory:' })
  let gate = Promise.resolve()
  let open = (): void => undefined
  const fixture = await createFixture({ store: { ...store, flush: () => gate } })
  return {
    ...fixture,
    hold: () => void (gate = new Promise((resolve) => (open = resolve))),
    release: () => open(),
  }
}

/** Says later whether a promise has come to an end. */
function watch(promise: Promise<unknown>): () => boolean {
  let isDone = false
  void promise.then(() => (isDone = true))
  return () => isDone
}

/** Reads an event stream as it comes. */
function listen(response: Response): () => string {
  let text = ''
  void (async () => {
    const decoder = new TextDecoder()
    for await (const chunk of response.body as unknown as AsyncIterable<Uint8Array>)
      text += decoder.decode(chunk, { stream: true })
  })()
  return () => text
}

test('a submit, a start, logs and an end are answered when they are safe', async () => {
  const disk = await createSlowDisk()
  const runner = await createTestRunner(disk)
  const answers: boolean[] = []
  const during = async (request: () => Promise<unknown>): Promise<void> => {
    disk.hold()
    const answered = request()
    const isAnswered = watch(answered)
    await settle()
    answers.push(isAnswered())
    disk.release()
    await answered
  }
  await during(() => submit(disk))
  const claim = await claimOne(runner)
  await during(() => runner.report(claim, 'started'))
  await during(() => runner.report(claim, 'logs', { chunks: [logChunk(1, 'a')] }))
  await during(() => runner.report(claim, 'complete', { ...SUCCESS, chunks: [] }))

  expect(answers).toEqual([false, false, false, false])
})

test('a claim is answered at once, as nothing is started by it', async () => {
  const disk = await createSlowDisk()
  const runner = await createTestRunner(disk)
  await submit(disk)
  disk.hold()
  const claims = await runner.claim()
  disk.release()

  expect(claims).toHaveLength(1)
})

test('output is told of at once, an end when it is safe', async () => {
  const disk = await createSlowDisk()
  const runner = await createTestRunner(disk)
  const id = createExecutionId()
  const events = { headers: { accept: 'text/event-stream' } }
  const told = listen(await disk.send('PUT', `/v1/executions/${id}`, createSpec(), events))
  const claim = await claimOne(runner)
  await runner.report(claim, 'started')
  disk.hold()
  const logged = runner.report(claim, 'logs', { chunks: [logChunk(1, 'first words')] })
  await settle()
  const afterLogs = told()
  const ended = runner.report(claim, 'complete', { ...SUCCESS, chunks: [] })
  await settle()
  // Whoever looks in between does not hear of it either.
  const looked = ['', `/${id}`].map((path) => watch(disk.send('GET', `/v1/executions${path}`)))
  const followed = listen(await disk.send('GET', `/v1/executions/${id}/events`))
  await settle()
  const early = [told(), followed()].map((text) => text.includes('event: end'))
  const wereShown = looked.map((isShown) => isShown())
  disk.release()
  await Promise.all([logged, ended])
  await settle()

  expect(afterLogs).toContain('first words')
  expect([early, wereShown]).toEqual([
    [false, false],
    [false, false],
  ])
  expect([told(), followed()].map((text) => text.includes('event: end'))).toEqual([true, true])
})
