import { describe, expect, test } from 'vitest'
import {
  claimOne,
  createFixture,
  createTestRunner,
  getExecution,
  inlineFile,
  logChunk,
  submit,
  SUCCESS,
} from '../server-fixture.js'

describe('the life of an execution', () => {
  test('it goes from queued to completed and brings log and files home', async () => {
    const fixture = await createFixture()
    const runner = await createTestRunner(fixture)
    const id = await submit(fixture)
    expect((await getExecution(fixture, id)).status).toBe('queued')

    const claim = await claimOne(runner)
    expect(claim).toMatchObject({ executionId: id, attempt: 1, executor: 'process' })
    expect(Buffer.from(claim.spec.files[0]?.data ?? '', 'base64').toString()).toBe('print("hello")\n')
    expect((await getExecution(fixture, id)).status).toBe('claimed')
    expect(await (await runner.report(claim, 'started')).json()).toEqual({ cancelRequested: false })
    expect((await getExecution(fixture, id)).status).toBe('running')
    expect((await runner.report(claim, 'logs', { chunks: [logChunk(1, 'hel')] })).status).toBe(200)
    expect((await runner.report(claim, 'renew', { phase: 'finishing' })).status).toBe(200)
    expect((await getExecution(fixture, id)).status).toBe('finishing')
    const outputs = [inlineFile('out/résumé.txt', 'done')]
    const completed = await runner.report(claim, 'complete', {
      ...SUCCESS,
      chunks: [logChunk(2, 'lo\n')],
      outputs,
    })
    expect(completed.status).toBe(200)

    const record = await getExecution(fixture, id)
    expect(record).toMatchObject({
      status: 'completed',
      cause: 'exit',
      exitCode: 0,
      executor: 'process',
      attempt: 1,
      usage: SUCCESS.usage,
      costMicrons: 1_000,
      logs: { stdoutBytes: 6, stderrBytes: 0, droppedBytes: 0, cursor: '1.2' },
    })
    expect(record.artifacts.map(({ path, kind }) => [path, kind])).toEqual([['out/résumé.txt', 'output']])
    const logs = await fixture.send('GET', `/v1/executions/${id}/logs`)
    expect(await logs.text()).toBe('hello\n')
    const file = await fixture.send(
      'GET',
      `/v1/executions/${id}/artifacts/${encodeURIComponent('out/résumé.txt')}`,
    )
    expect(await file.text()).toBe('done')
  })
})
