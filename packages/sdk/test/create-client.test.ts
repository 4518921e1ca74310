import { createExecutionId, RGridError } from '@rgrid/protocol'
import type { Fetch } from '@rgrid/protocol/client'
import { afterEach, beforeEach, describe, expect, test, vi } from 'vitest'
import { createClient } from '../src/create-client.js'
import type { ClientOptions } from '../src/types.js'
import { createRuntimeRecord } from './runtime-record.js'
import { createDirectory } from './temporary-directory.js'

/** Options as a program without types passes them. */
const untyped = (options: unknown): ClientOptions => options as ClientOptions

const errorOf = async (work: () => unknown): Promise<unknown> => {
  try {
    return await work()
  } catch (error) {
    return error
  }
}

beforeEach(async () => {
  vi.stubEnv('HOME', await createDirectory())
  for (const name of ['RGRID_URL', 'RGRID_API_KEY']) vi.stubEnv(name, '')
})
afterEach(() => void vi.unstubAllEnvs())

describe('createClient refuses', () => {
  test.for<[string, unknown, RegExp]>([
    [
      'a text in place of options',
      'http://server',
      /^options: 'http:\/\/server' is not an object of options$/,
    ],
    ['null', null, /^options: null is not an object/],
    ['a list', [], /^options: \[\] is not an object/],
    ['an unknown option', { uri: 'http://server' }, /^options: .*"uri"/],
    ['a URL that is no text', { url: new URL('http://server') }, /^url: must be the URL of a server/],
    ['a key that is no text', { apiKey: 5 }, /^apiKey: must be text$/],
    ['a fetch that is no function', { fetch: 'undici' }, /^fetch: must be a function$/],
  ])('%s', async ([, options, message]) => {
    const error = await errorOf(() => createClient(untyped(options)))

    expect(error).toBeInstanceOf(RGridError)
    expect(error).toMatchObject({
      code: 'invalid_request',
      message: expect.stringMatching(message) as string,
    })
  })

  test('a URL that is none, before it misses a key', async () => {
    expect(await errorOf(() => createClient({ url: 'nonsense' }).target())).toMatchObject({
      code: 'invalid_config',
      message: expect.stringContaining('"nonsense" is not the URL of a server') as string,
    })
    expect(await errorOf(() => createClient({ url: 'http://server' }).target())).toMatchObject({
      code: 'unauthenticated',
    })
  })

  test('to send RGRID_API_KEY where only a project points, and says what to do', async () => {
    vi.stubEnv('RGRID_API_KEY', 'sk_secret')
    vi.spyOn(process, 'cwd').mockReturnValue(
      await createDirectory({ '.rgrid/config.toml': 'url = "http://project"' }),
    )
    const fetch = vi.fn()

    const error = await errorOf(() => createClient({ fetch }).list())

    expect(error).toMatchObject({
      code: 'unauthenticated',
      message: expect.stringMatching(
        /not sent to http:\/\/project, .*rgrid init --url http:\/\/project/,
      ) as string,
    })
    expect(fetch).not.toHaveBeenCalled()
    vi.restoreAllMocks()
  })
})

describe('run fails by its promise, and sends nothing,', () => {
  const fetch = vi.fn()
  const client = () => createClient({ url: 'http://server', apiKey: 'sk_1', fetch })

  test.for<[string, unknown, RegExp]>([
    ['with null for options', null, /^options: null is not an object/],
    ['with a text for a signal', { signal: 'x' }, /^signal: must be an AbortSignal$/],
    ['with an unknown option', { memory: 5 }, /^options: .*"memory"/],
  ])('%s', async ([, options, message]) => {
    await expect(client().run('main.py', options as object)).rejects.toThrow(message)
    expect(fetch).not.toHaveBeenCalled()
  })

  test("with a signal that has aborted, for the signal's reason", async () => {
    const signal = AbortSignal.abort(new Error('no more'))

    await expect(client().run('main.py', { signal })).rejects.toThrow('no more')
    expect(fetch).not.toHaveBeenCalled()
  })
})

test('a script that RGrid does not know itself is asked about before it is sent', async () => {
  const fetch = vi.fn(async (url: string) =>
    url.endsWith('/v1/runtimes')
      ? Response.json({ runtimes: [createRuntimeRecord({ extensions: ['.rb'] })] })
      : Response.json({ code: 'queue_full', detail: 'full' }, { status: 400 }),
  )
  const client = createClient({ url: 'http://server', apiKey: 'sk_1', fetch })
  const cwd = await createDirectory({ 'a.rb': 'puts 1', 'a.py': 'print(1)' })
  const paths = async (script: string): Promise<string[]> => {
    fetch.mockClear()
    await errorOf(() => client.run(script, { cwd }))
    return fetch.mock.calls.map(([url]) => new URL(url).pathname.split('/').slice(0, 3).join('/'))
  }

  expect(await paths('a.rb')).toEqual(['/v1/runtimes', '/v1/executions'])
  expect(await paths('a.py')).toEqual(['/v1/executions'])
})

test('runners and runtimes are asked for', async () => {
  const fetch = vi.fn(async (url: string) =>
    Response.json(url.endsWith('/v1/runners') ? { runners: [] } : { runtimes: [] }),
  )
  const client = createClient({ url: 'http://server', apiKey: 'sk_1', fetch })

  expect([await client.runners(), await client.runtimes()]).toEqual([[], []])
  expect(fetch.mock.calls.map(([url]) => url)).toEqual([
    'http://server/v1/runners',
    'http://server/v1/runtimes',
  ])
})

test('a retry is a new execution, whose id it sends', async () => {
  const fetch = vi.fn<Fetch>(async () =>
    Response.json({ code: 'not_finished', detail: 'x' }, { status: 409 }),
  )
  const client = createClient({ url: 'http://server', apiKey: 'sk_1', fetch })
  const id = createExecutionId()

  const execution = client.retry(id)
  await errorOf(() => execution)

  expect(execution.id).not.toBe(id)
  expect(fetch.mock.calls).toMatchObject([
    [
      `http://server/v1/executions/${id}/retry`,
      {
        method: 'POST',
        body: JSON.stringify({ id: execution.id }),
        headers: { accept: 'text/event-stream' },
      },
    ],
  ])
  await expect(client.retry('exec_1')).rejects.toThrow(/is not an execution's id/)
})
