import { chmod, stat, writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { describe, expect, test } from 'vitest'
import { readApiKey, saveApiKey } from '../../src/config/credentials.js'
import { resolveTarget } from '../../src/config/resolve-target.js'
import type { ClientOptions } from '../../src/types.js'
import { createDirectory } from '../temporary-directory.js'

const resolve = (home: string, options: ClientOptions = {}, env: Record<string, string> = {}, cwd = home) =>
  resolveTarget(options, { env: { HOME: home, ...env }, cwd })

describe('the target of a client', () => {
  test('is this process when nothing is configured', async () => {
    expect(await resolve(await createDirectory())).toEqual({
      url: undefined,
      apiKey: undefined,
      source: 'default',
    })
  })

  test('comes from options before all else', async () => {
    const home = await createDirectory({ '.rgrid/config.toml': 'url = "http://profile"' })

    expect((await resolve(home, { url: 'http://option' }, { RGRID_URL: 'http://env' })).url).toBe(
      'http://option',
    )
  })

  test('comes from RGRID_URL before files', async () => {
    const home = await createDirectory({ '.rgrid/config.toml': 'url = "http://profile"' })

    expect(await resolve(home, {}, { RGRID_URL: 'http://env', RGRID_API_KEY: 'sk_1' })).toEqual({
      url: 'http://env',
      apiKey: 'sk_1',
      source: 'RGRID_URL',
    })
  })

  test('comes from the project, found upwards, before the profile', async () => {
    const home = await createDirectory({ '.rgrid/config.toml': 'url = "http://profile"' })
    const project = await createDirectory({ '.rgrid/config.toml': 'url = "http://project"', 'a/b/c': '' })

    const target = await resolve(home, {}, {}, join(project, 'a', 'b'))

    expect(target).toMatchObject({ url: 'http://project', source: join(project, '.rgrid', 'config.toml') })
  })

  test('comes from the profile before a running rgrid up', async () => {
    const up = JSON.stringify({ url: 'http://up', apiKey: 'sk_up', pid: process.pid })
    const home = await createDirectory({
      '.rgrid/config.toml': 'url = "http://profile"',
      '.rgrid/up.json': up,
    })

    expect((await resolve(home)).url).toBe('http://profile')
  })

  test('is a running rgrid up', async () => {
    const up = JSON.stringify({ url: 'http://up', apiKey: 'sk_up', pid: process.pid })

    expect(await resolve(await createDirectory({ '.rgrid/up.json': up }))).toEqual({
      url: 'http://up',
      apiKey: 'sk_up',
      source: 'rgrid up',
    })
  })

  test('is not an rgrid up that was killed', async () => {
    const up = JSON.stringify({ url: 'http://up', apiKey: 'sk_up', pid: 2 ** 22 + 1 })

    expect((await resolve(await createDirectory({ '.rgrid/up.json': up }))).source).toBe('default')
  })

  test('brings the key that is kept for its server', async () => {
    const home = await createDirectory({ '.rgrid/credentials': '["http://one:1"]\napi_key = "sk_one"\n' })

    expect((await resolve(home, { url: 'http://one:1/' })).apiKey).toBe('sk_one')
    expect((await resolve(home, { url: 'http://two:1' })).apiKey).toBe(undefined)
  })
})

describe('RGRID_API_KEY', () => {
  const env = { RGRID_API_KEY: 'sk_env' }
  const project = { '.rgrid/config.toml': 'url = "http://project/base"' }

  test('is not for a server that only a project names', async () => {
    const cwd = await createDirectory(project)

    expect(await resolve(await createDirectory(), {}, env, cwd)).toEqual({
      url: 'http://project/base',
      apiKey: undefined,
      source: join(cwd, '.rgrid', 'config.toml'),
      isKeyWithheld: true,
    })
  })

  test('leaves such a server the key that is kept for it', async () => {
    const home = await createDirectory({ '.rgrid/credentials': '["http://project"]\napi_key = "sk_kept"\n' })

    const target = await resolve(home, {}, env, await createDirectory(project))

    expect(target.apiKey).toBe('sk_kept')
    expect(target).not.toHaveProperty('isKeyWithheld')
  })

  test('is for a server that the profile names too', async () => {
    const home = await createDirectory({ '.rgrid/config.toml': 'url = "http://project"' })

    expect((await resolve(home, {}, env, await createDirectory(project))).apiKey).toBe('sk_env')
  })

  test('is for the profile, also when it is found upwards like a project', async () => {
    const home = await createDirectory({ '.rgrid/config.toml': 'url = "http://profile"', 'a/b': '' })

    expect((await resolve(home, {}, env, join(home, 'a'))).apiKey).toBe('sk_env')
  })

  test('goes before the key that is kept, unless it is empty', async () => {
    const home = await createDirectory({ '.rgrid/credentials': '["http://one"]\napi_key = "sk_one"\n' })

    const keys = ['sk_env', ''].map(async (key) => {
      const target = await resolve(home, {}, { RGRID_URL: 'http://one', RGRID_API_KEY: key })
      return target.apiKey
    })

    expect(await Promise.all(keys)).toEqual(['sk_env', 'sk_one'])
  })
})

describe('a configuration file is refused', () => {
  test.for([
    ['that is not TOML', 'url = ', /config\.toml is not valid TOML/],
    ['with an unknown field', 'ulr = "x"', /config\.toml: .*ulr/],
    ['with a secret in it', 'api_key = "sk_1"', /config\.toml holds "api_key", but no secrets may be in it/],
  ] as const)('%s', async ([, text, message]) => {
    const project = await createDirectory({ '.rgrid/config.toml': text })

    await expect(resolve(await createDirectory(), {}, {}, project)).rejects.toThrow(message)
  })
})

describe('credentials', () => {
  test('are kept for each server in a file that only the owner reads', async () => {
    const path = join(await createDirectory(), '.rgrid', 'credentials')

    await saveApiKey(path, 'http://one', 'sk_1')
    await saveApiKey(path, 'https://two/base', 'sk_2')

    expect([await readApiKey(path, 'http://one'), await readApiKey(path, 'https://two')]).toEqual([
      'sk_1',
      'sk_2',
    ])
    expect((await stat(path)).mode & 0o777).toBe(0o600)
  })

  test('become private again when they are written', async () => {
    const home = await createDirectory()
    const path = join(home, 'credentials')
    await writeFile(path, '')
    await chmod(path, 0o644)

    await saveApiKey(path, 'http://one', 'sk_1')

    expect((await stat(path)).mode & 0o777).toBe(0o600)
  })
})
