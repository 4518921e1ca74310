import { readFile, writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { describe, expect, it } from 'vitest'
import { createCredentialMask } from '../../src/dependencies/credential-mask.js'
import { copyNamedFiles, readInstallEnv } from '../../src/dependencies/install-env.js'
import { createDirectory } from './support/requests.js'

describe('readInstallEnv', () => {
  it('takes nothing of the runner but what is meant for installers', () => {
    const env = { HTTPS_PROXY: 'http://proxy:1', RGRID_API_KEY: 'key', HOME: '/root', NO_PROXY: '' }

    expect(readInstallEnv(env)).toEqual({ HTTPS_PROXY: 'http://proxy:1' })
  })

  it('takes the variables that are named in place of the usual ones', () => {
    const env = { RGRID_INSTALL_ENV: 'CC, ABSENT', CC: 'clang', HTTPS_PROXY: 'http://proxy:1' }

    expect(readInstallEnv(env)).toEqual({ CC: 'clang' })
  })

  it('takes none when none is named', () => {
    expect(readInstallEnv({ RGRID_INSTALL_ENV: '', HTTPS_PROXY: 'http://proxy:1' })).toEqual({})
  })

  it('gives each installer the index and the certificates that another was given', () => {
    expect(readInstallEnv({ PIP_INDEX_URL: 'https://i/', PIP_CERT: '/ca' })).toEqual({
      PIP_INDEX_URL: 'https://i/',
      UV_DEFAULT_INDEX: 'https://i/',
      PIP_CERT: '/ca',
      SSL_CERT_FILE: '/ca',
      REQUESTS_CA_BUNDLE: '/ca',
      NODE_EXTRA_CA_CERTS: '/ca',
    })
    expect(readInstallEnv({ UV_INDEX_URL: 'https://i/' })).toEqual({
      UV_INDEX_URL: 'https://i/',
      PIP_INDEX_URL: 'https://i/',
    })
  })

  it('refuses what is not a name', () => {
    expect(() => readInstallEnv({ RGRID_INSTALL_ENV: 'A,B;C' })).toThrow('"B;C" in RGRID_INSTALL_ENV')
  })
})

describe('copyNamedFiles', () => {
  it('copies each certificate file once', async () => {
    const directory = await createDirectory()
    await writeFile(join(directory, 'ca.pem'), 'certificates')
    const file = join(directory, 'ca.pem')

    const env = await copyNamedFiles(
      { PIP_CERT: file, SSL_CERT_FILE: file, HTTPS_PROXY: '/not/a/file' },
      { directory, target: '/control', owner: undefined },
    )

    expect(env).toEqual({
      PIP_CERT: '/control/named-0',
      SSL_CERT_FILE: '/control/named-0',
      HTTPS_PROXY: '/not/a/file',
    })
    expect(await readFile(join(directory, 'named-0'), 'utf8')).toBe('certificates')
  })

  it('says which variable names a file that is not there', async () => {
    const directory = await createDirectory()

    const copying = copyNamedFiles({ PIP_CERT: '/nowhere' }, { directory, target: '/c', owner: undefined })

    await expect(copying).rejects.toThrow('PIP_CERT of the runner names /nowhere')
  })
})

describe('createCredentialMask', () => {
  const mask = createCredentialMask({
    PIP_INDEX_URL: 'https://me:p%40ssword@index/simple',
    NPM_TOKEN: 'npm_abcdef',
    HTTPS_PROXY: 'http://proxy:3128',
  })

  it.for([
    ['Looking in https://me:p%40ssword@index/simple', 'Looking in https://***@index/simple'],
    ['said p@ssword and npm_abcdef', 'said *** and ***'],
    ['from https://token@other/x', 'from https://***@other/x'],
    ['http://proxy:3128 and a@b stay', 'http://proxy:3128 and a@b stay'],
  ] as const)('masks "%s"', ([text, masked]) => {
    expect(mask(text)).toBe(masked)
  })
})
