import { chmod, writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { describe, expect, it } from 'vitest'
import { createRegistryCredentials } from '../../../../src/executors/docker/images/registry-credentials.js'
import { makeDirectory } from './make-store.js'

const encode = (text: string): string => Buffer.from(text).toString('base64')

async function makeConfig(content: unknown): Promise<string> {
  const directory = await makeDirectory()
  const text = typeof content === 'string' ? content : JSON.stringify(content)
  await writeFile(join(directory, 'config.json'), text)
  return directory
}

async function read(content: unknown, registry: string, env: NodeJS.ProcessEnv = {}) {
  const warnings: string[] = []
  const logger = { info: () => undefined, warn: (message: string) => void warnings.push(message) }
  const credentials = createRegistryCredentials({ DOCKER_CONFIG: await makeConfig(content), ...env }, logger)
  return { auth: await credentials.get(registry), warnings }
}

describe('createRegistryCredentials', () => {
  it('reads what docker login writes', async () => {
    const content = { auths: { 'a.example:5000': { auth: encode('me:pass:word') } }, HttpHeaders: {} }

    expect((await read(content, 'a.example:5000')).auth).toEqual({
      username: 'me',
      password: 'pass:word',
      serveraddress: 'a.example:5000',
    })
    expect((await read(content, 'a.example')).auth).toBeUndefined()
  })

  it.for(['https://index.docker.io/v1/', 'docker.io', 'registry-1.docker.io'])(
    'knows Docker Hub as %s',
    async (key) => {
      expect((await read({ auths: { [key]: { auth: encode('me:x') } } }, 'docker.io')).auth).toEqual({
        username: 'me',
        password: 'x',
        serveraddress: 'https://index.docker.io/v1/',
      })
    },
  )

  it('takes tokens', async () => {
    const content = { auths: { 'https://a.example/v1/': { auth: encode('me:'), identitytoken: 'long' } } }

    expect((await read(content, 'a.example')).auth).toEqual({
      username: 'me',
      identitytoken: 'long',
      serveraddress: 'a.example',
    })
  })

  it('prefers the file of the runner, and falls back to that of Docker', async () => {
    const docker = { auths: { a: { auth: encode('docker:1') }, b: { auth: encode('docker:2') } } }
    const own = join(await makeConfig({ auths: { a: { auth: encode('own:3') } } }), 'config.json')

    expect((await read(docker, 'a', { RGRID_REGISTRY_AUTH: own })).auth).toMatchObject({ username: 'own' })
    expect((await read(docker, 'b', { RGRID_REGISTRY_AUTH: own })).auth).toMatchObject({ username: 'docker' })
  })

  it('does without a file', async () => {
    expect(await createRegistryCredentials({ DOCKER_CONFIG: '/nowhere' }).get('a')).toBeUndefined()
  })

  it.for([
    ['{ "auths": s3cret', 'are not JSON'],
    ['{ "auths": { "a": { "auth": ["s3cret"] } } }', "are not of the form of Docker's config.json"],
  ] as const)('says that a file is wrong, and not what is in it: %s', async ([text, words]) => {
    const own = join(await makeConfig(text), 'config.json')

    const error: unknown = await read({}, 'a', { RGRID_REGISTRY_AUTH: own }).catch(
      (reason: unknown) => reason,
    )
    expect(error).toMatchObject({ reason: 'image_pull', message: `the credentials in ${own} ${words}` })

    const { auth, warnings } = await read(text, 'a')
    expect(auth).toBeUndefined()
    expect(warnings).toEqual([expect.stringContaining(words)])
    expect(warnings.join()).not.toContain('s3cret')
  })

  it('says that the file of the runner is not there', async () => {
    await expect(read({}, 'a', { RGRID_REGISTRY_AUTH: '/nowhere/auth.json' })).rejects.toThrow(
      'the credentials in /nowhere/auth.json cannot be read: ENOENT',
    )
  })

  describe('with a credential helper', () => {
    async function withHelper(script: string): Promise<NodeJS.ProcessEnv> {
      const directory = await makeDirectory()
      const file = join(directory, 'docker-credential-test')
      await writeFile(file, `#!/bin/sh\n${script}\n`)
      await chmod(file, 0o755)
      return { PATH: `${directory}:${process.env['PATH'] ?? ''}` }
    }

    it('asks it for one registry', async () => {
      const env = await withHelper('read url; printf \'{"Username":"%s","Secret":"s"}\' "$1-$url"')

      expect((await read({ credHelpers: { a: 'test' } }, 'a', env)).auth).toEqual({
        username: 'get-a',
        password: 's',
        serveraddress: 'a',
      })
      expect((await read({ credHelpers: { a: 'test' } }, 'b', env)).auth).toBeUndefined()
    })

    it('asks it for all registries, unless the file has the answer', async () => {
      const env = await withHelper('echo \'{"Username":"<token>","Secret":"s"}\'')
      const content = { credsStore: 'test', auths: { a: {}, b: { auth: encode('me:x') } } }

      expect((await read(content, 'a', env)).auth).toEqual({ identitytoken: 's', serveraddress: 'a' })
      expect((await read(content, 'b', env)).auth).toMatchObject({ username: 'me' })
    })

    it('takes its no for an answer', async () => {
      const env = await withHelper('echo "credentials not found in native keychain"; exit 1')

      expect(await read({ credsStore: 'test' }, 'a', env)).toEqual({ auth: undefined, warnings: [] })
    })

    it.for([
      ['echo s3cret; exit 3', 'fails with code 3'],
      ['echo \'{"Secret":"s3cret"}\'', 'gives no credentials'],
    ] as const)('goes on without one that fails, and repeats nothing of it: %s', async ([script, words]) => {
      const { auth, warnings } = await read({ credsStore: 'test' }, 'a', await withHelper(script))

      expect(auth).toBeUndefined()
      expect(warnings).toEqual([
        `pulling without credentials: the credential helper docker-credential-test ${words}`,
      ])
    })

    it('goes on without one that is not there', async () => {
      expect((await read({ credsStore: 'absent' }, 'a')).warnings).toEqual([
        'pulling without credentials: the credential helper docker-credential-absent fails: ENOENT',
      ])
      expect((await read({ credsStore: '../x' }, 'a')).warnings).toEqual([
        expect.stringContaining('is not the name of a program'),
      ])
    })
  })
})
