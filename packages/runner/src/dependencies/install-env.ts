import { chown, readFile, writeFile } from 'node:fs/promises'
import { isAbsolute, join } from 'node:path'
import { StartError } from '../executors/executor.js'

/** The environment of installers, beside what RGrid sets itself. */
export type InstallEnv = Readonly<Record<string, string>>

const DEFAULT_NAMES = [
  'PIP_INDEX_URL',
  'PIP_EXTRA_INDEX_URL',
  'UV_INDEX_URL',
  'UV_DEFAULT_INDEX',
  'UV_EXTRA_INDEX_URL',
  'UV_INDEX',
  'npm_config_registry',
  'NPM_CONFIG_REGISTRY',
  'HTTP_PROXY',
  'http_proxy',
  'HTTPS_PROXY',
  'https_proxy',
  'NO_PROXY',
  'no_proxy',
  'SSL_CERT_FILE',
  'REQUESTS_CA_BUNDLE',
  'NODE_EXTRA_CA_CERTS',
  'PIP_CERT',
]

const CERTIFICATES = ['SSL_CERT_FILE', 'PIP_CERT', 'REQUESTS_CA_BUNDLE', 'NODE_EXTRA_CA_CERTS'] as const

/** Variables whose value is a file of this machine, which a container is given a copy of. */
const FILE_NAMES = new Set<string>([
  ...CERTIFICATES,
  'npm_config_cafile',
  'NPM_CONFIG_CAFILE',
  'npm_config_userconfig',
  'NPM_CONFIG_USERCONFIG',
  'PIP_CONFIG_FILE',
  'UV_CONFIG_FILE',
  'NETRC',
])

const NAME = /^[A-Za-z_]\w*$/

/**
 * Reads the environment of installers from the runner's own: the variables that `RGRID_INSTALL_ENV` names, or those of
 * the usual names for indexes, proxies and certificates. What is set for one installer holds for the others as well.
 *
 * @throws TypeError when `RGRID_INSTALL_ENV` has what cannot be the name of a variable.
 */
export function readInstallEnv(own: NodeJS.ProcessEnv = process.env): InstallEnv {
  const env: Record<string, string> = {}
  for (const name of parseNames(own['RGRID_INSTALL_ENV'])) {
    const value = own[name]
    if (value !== undefined && value !== '') env[name] = value
  }
  return withTwins(env)
}

function parseNames(text: string | undefined): string[] {
  if (text === undefined) return DEFAULT_NAMES
  const names = text.split(',').map((name) => name.trim())
  return names.filter((name) => {
    if (name !== '' && !NAME.test(name))
      throw new TypeError(`"${name}" in RGRID_INSTALL_ENV is not the name of a variable`)
    return name !== ''
  })
}

/**
 * pip and uv look at different variables. One that looked elsewhere than it was told to would install packages of the
 * public index that only have the names of private ones.
 */
function withTwins(env: InstallEnv): InstallEnv {
  const index = env['PIP_INDEX_URL'] ?? env['UV_DEFAULT_INDEX'] ?? env['UV_INDEX_URL']
  const extra = env['PIP_EXTRA_INDEX_URL'] ?? env['UV_INDEX'] ?? env['UV_EXTRA_INDEX_URL']
  const hasUvIndex = 'UV_INDEX_URL' in env
  const hasUvExtra = 'UV_EXTRA_INDEX_URL' in env
  const certificates = CERTIFICATES.map((name) => env[name]).find((file) => file !== undefined)
  return {
    ...(index === undefined
      ? {}
      : { PIP_INDEX_URL: index, ...(hasUvIndex ? {} : { UV_DEFAULT_INDEX: index }) }),
    ...(extra === undefined
      ? {}
      : { PIP_EXTRA_INDEX_URL: extra, ...(hasUvExtra ? {} : { UV_INDEX: extra }) }),
    ...(certificates === undefined
      ? {}
      : Object.fromEntries(CERTIFICATES.map((name) => [name, certificates]))),
    ...env,
  }
}

/**
 * Copies the files that an environment names into a directory, for a container that sees it at `target`.
 *
 * @returns the environment with the copies in place of the files
 * @throws StartError when a file cannot be read.
 */
export async function copyNamedFiles(
  env: InstallEnv,
  {
    directory,
    target,
    owner,
  }: { directory: string; target: string; owner: { uid: number; gid: number } | undefined },
): Promise<InstallEnv> {
  const copied: Record<string, string> = { ...env }
  const copies = new Map<string, string>()
  for (const [name, file] of Object.entries(env)) {
    if (!FILE_NAMES.has(name) || !isAbsolute(file)) continue
    const copy = copies.get(file) ?? `named-${copies.size}`
    copied[name] = `${target}/${copy}`
    if (copies.has(file)) continue
    copies.set(file, copy)
    const path = join(directory, copy)
    await writeFile(path, await readNamed(name, file), { mode: 0o400 })
    if (owner !== undefined) await chown(path, owner.uid, owner.gid)
  }
  return copied
}

async function readNamed(name: string, file: string): Promise<Uint8Array> {
  try {
    return await readFile(file)
  } catch (error) {
    throw new StartError('internal', `${name} of the runner names ${file}, which cannot be read`, {
      cause: error,
    })
  }
}
