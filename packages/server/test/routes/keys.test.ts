import { createExecutionId } from '@rgrid/protocol'
import { describe, expect, test } from 'vitest'
import { createFixture, createSpec, grantKey, readJson, submit } from '../server-fixture.js'

describe('a key', () => {
  const spec = createSpec({ key: 'nightly' })

  test('names the first execution to whoever asks for the same again', async () => {
    const fixture = await createFixture()
    const id = await submit(fixture, spec)
    const again = await fixture.send('PUT', `/v1/executions/${createExecutionId()}`, spec)

    expect(again.status).toBe(409)
    expect(await readJson(again)).toMatchObject({ code: 'key_taken', executionId: id })
  })

  test('is refused for anything else', async () => {
    const fixture = await createFixture()
    const id = await submit(fixture, spec)
    const other = { ...spec, args: ['other'] }
    const answer = await fixture.send('PUT', `/v1/executions/${createExecutionId()}`, other)

    expect(await readJson(answer)).toMatchObject({ code: 'key_conflict', executionId: id })
  })

  test('is of one project', async () => {
    const fixture = await createFixture()
    await submit(fixture, spec)
    const key = grantKey(fixture.server, ['submit'], 'other')
    const answer = await fixture.send('PUT', `/v1/executions/${createExecutionId()}`, spec, { key })

    expect(answer.status).toBe(201)
  })
})
