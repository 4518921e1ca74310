import type Docker from 'dockerode'
import { execFile } from 'node:child_process'
import { once } from 'node:events'
import { mkdir, readdir, readFile, rm, writeFile } from 'node:fs/promises'
import { createServer } from 'node:http'
import type { AddressInfo } from 'node:net'
import { join } from 'node:path'
import { promisify } from 'node:util'
import { afterAll, beforeAll, describe, expect, it, onTestFinished, vi } from 'vitest'
import {
  createContainerInstaller,
  type ContainerInstallerOptions,
} from '../../src/dependencies/container-installer.js'
import { createDependencyStore, type EnsureRequest } from '../../src/dependencies/dependency-store.js'
import { findUv } from '../../src/dependencies/find-uv.js'
import { INSTALLER_LABEL } from '../../src/dependencies/installer-container.js'
import type { Installer } from '../../src/dependencies/installer.js'
import { getContainerUse } from '../../src/dependencies/layer-use.js'
import { InstallError, type Layer } from '../../src/executors/executor.js'
import { refuseToRemove } from '../executors/docker/refuse-to-remove.js'
import { requireDocker, TEST_IMAGES } from '../executors/require-docker.js'
import { getBridgeAddress } from './support/get-bridge-address.js'
import { NODE_FILES, PYTHON_FILES } from './support/packages.js'
import { createDirectory, createRequest } from './support/requests.js'
import { requireRegistries } from './support/require-registries.js'

const PYCACHE = '/pycache'
const isPossible = (await requireDocker()) && (await requireRegistries())
const uv = await findUv()
if (uv === undefined)
  process.stderr.write('SKIPPED: there is no uv on the PATH or in RGRID_UV, so its test does not run\n')

let docker: Docker
let python: string
let node: string

const connect = async (): Promise<Docker> => docker
/** An engine whose containers are made in a way of the test's own. */
const connectWith = async (
  make: (create: () => Promise<Docker.Container>) => Promise<Docker.Container>,
): Promise<Docker> => {
  const create = docker.createContainer.bind(docker)
  return Object.assign(Object.create(docker) as Docker, {
    createContainer: (options: Docker.ContainerCreateOptions) => make(() => create(options)),
  })
}
const identify = async (image = ''): Promise<string> => (await docker.getImage(image).inspect()).Id

/** What a command prints in a container without network that uses a layer. */
async function runOffline(layer: Layer, image: string, ...command: string[]): Promise<string> {
  const { mounts } = getContainerUse(layer)
  const binds = mounts.flatMap(({ source, target }) => ['-v', `${source}:${target}:ro`])
  const args = [
    'run',
    '--rm',
    '--network=none',
    '--read-only',
    '--user=65534:65534',
    ...binds,
    image,
    ...command,
  ]
  return (await promisify(execFile)('docker', args)).stdout.trim()
}

const countContainers = async (instance: string): Promise<number> =>
  (await docker.listContainers({ all: true, filters: { label: [`${INSTALLER_LABEL}=${instance}`] } })).length

/** A store over real containers, whose runs are counted. */
async function createStore(options: Partial<ContainerInstallerOptions> = {}, directory?: string) {
  const installer = createContainerInstaller({
    instance: `test-${process.pid}`,
    connect,
    uv: null,
    ...options,
  })
  const run = vi.fn(installer.run)
  const counted: Installer = { ...installer, run }
  const root = directory ?? (await createDirectory())
  const store = createDependencyStore({ directory: root, installer: counted })
  onTestFinished(() => store.close())
  return { store, run, root, installer }
}

const createPython = (files: Readonly<Record<string, string>>, request: Partial<EnsureRequest> = {}) =>
  createRequest(files, { base: python, ...request })
const createNode = (files: Readonly<Record<string, string>>) =>
  createRequest(files, { base: node, runtime: 'node', dependencies: { kind: 'package', path: '.' } })

/** The setup.py of a package that looks around, and fails to tell of it. */
const PROBE = `
import os, re, subprocess
status = open('/proc/self/status').read()
field = lambda name: re.search(name + r':\\s*(\\S+)', status).group(1)
print('uid', os.getuid(), 'caps', field('CapBnd'), 'new-privileges', field('NoNewPrivs'))
refused = []
for path in ['/etc/probe', '/rgrid-install/probe', '/var/tmp/probe']:
    try: open(path, 'w')
    except OSError: refused.append(path)
print('refused', refused)
print(dict(os.environ))
print(subprocess.run('grep -rs "text of the script" /rgrid-install /work /deps; ls -la /', shell=True, capture_output=True).stdout)
raise SystemExit('PROBE END')
`

/** Serves a package with this setup.py where containers can reach it. */
async function servePackage(engine: Docker, name: string, setup: string): Promise<string> {
  const directory = await createDirectory()
  await mkdir(join(directory, `${name}-1.0`))
  await writeFile(join(directory, `${name}-1.0`, 'setup.py'), setup)
  const file = `${name}-1.0.tar.gz`
  await promisify(execFile)('tar', ['-czf', join(directory, file), '-C', directory, `${name}-1.0`])
  const host = await getBridgeAddress(engine)
  const bytes = await readFile(join(directory, file))
  const server = createServer((_, response) => response.end(bytes)).listen(0, host)
  await once(server, 'listening')
  onTestFinished(() => void server.close())
  return `http://${host}:${(server.address() as AddressInfo).port}/${file}`
}

async function getFailure(promise: Promise<unknown>): Promise<InstallError> {
  const error = await promise.then(
    () => undefined,
    (reason: unknown) => reason,
  )
  if (error instanceof InstallError) return error
  throw new Error(`no InstallError but ${String(error)}`, { cause: error })
}

describe.runIf(isPossible)('createContainerInstaller', { timeout: 180_000 }, () => {
  beforeAll(async () => {
    docker = new (await import('dockerode')).default()
    python = await identify(TEST_IMAGES.python)
    node = await identify(TEST_IMAGES.node)
  })

  afterAll(async () => {
    expect(await countContainers(`test-${process.pid}`)).toBe(0)
  })

  it('installs what two need at once once, for scripts without network', async () => {
    const { store, run } = await createStore()
    const messages: string[] = []
    const request = createPython(PYTHON_FILES, { onProgress: (message) => messages.push(message) })

    const [layer, same] = await Promise.all([store.ensure(request), store.ensure(request)])

    expect(run).toHaveBeenCalledTimes(1)
    expect(same).toEqual(layer)
    const code = 'import six, idna, sys; print(six.__version__, idna.__version__, sys.prefix)'
    const program = getContainerUse(layer).program ?? ''
    expect(await runOffline(layer, python, program, '-c', code)).toBe('1.16.0 3.7 /deps/venv')
    expect(messages[0]).toBe('installing 2 packages')
    expect(messages.find((message) => message.startsWith('installing 2 packages: '))).toBeDefined()
  })

  it('compiles what it installs, also for a compiled-file prefix', async () => {
    const { store } = await createStore()
    const layer = await store.ensure(createPython({ 'requirements.txt': 'six==1.16.0' }))
    const image = await createDirectory()
    await mkdir(join(image, 'deps'))
    const [, mount] = getContainerUse(layer, PYCACHE).mounts
    const code = 'import six, os; print(six.__cached__, os.path.exists(six.__cached__))'
    const binds = [`${image}:${PYCACHE}:ro`, `${mount?.source}:${mount?.target}:ro`].flatMap((bind) => [
      '-v',
      bind,
    ])

    const plain = await runOffline(layer, python, '/deps/venv/bin/python', '-c', code)
    const { stdout } = await promisify(execFile)('docker', [
      'run',
      '--rm',
      '--network=none',
      '--read-only',
      '-e',
      `PYTHONPYCACHEPREFIX=${PYCACHE}`,
      '-v',
      `${layer.directory}:/deps:ro`,
      ...binds,
      python,
      '/deps/venv/bin/python',
      '-c',
      code,
    ])

    expect(plain).toMatch(/^\/deps\/venv\/.*\.pyc True$/)
    expect(stdout.trim()).toMatch(/^\/pycache\/deps\/venv\/.*\.pyc True$/)
  })

  it('starts the programs of packages, and hides those of the image', async () => {
    const { store } = await createStore()

    const layer = await store.ensure(createPython({ 'requirements.txt': 'pyjokes==0.6.0' }))

    expect(await runOffline(layer, python, '/deps/venv/bin/pyjoke')).not.toBe('')
    const code = 'import importlib.util as u; print(u.find_spec("pip"))'
    expect(await runOffline(layer, python, '/deps/venv/bin/python', '-c', code)).toBe('None')
  })

  it('installs the inline metadata of a script, and checks its Python', async () => {
    const { store } = await createStore()
    const write = (version: string): Readonly<Record<string, string>> => ({
      'main.py': `# /// script\n# requires-python = "${version}"\n# dependencies = ["six"]\n# ///\n`,
    })
    const inline = { dependencies: { kind: 'inline' } } as const

    const layer = await store.ensure(createPython(write('>=3.9,<4'), inline))
    expect(await runOffline(layer, python, '/deps/venv/bin/python', '-c', 'import six; print(1)')).toBe('1')
    const { message } = await getFailure(store.ensure(createPython(write('>=3.99'), inline)))

    expect(message).toMatch(/^the script requires Python >=3.99, this is 3\.\d+\.\d+$/)
  })

  it.runIf(uv !== undefined)('installs with uv where the runner has it', async () => {
    const { store } = await createStore({ uv: uv ?? null })

    const layer = await store.ensure(createPython(PYTHON_FILES))

    const code = 'import six, idna, os; print(six.__version__, os.path.exists(six.__cached__))'
    expect(await runOffline(layer, python, '/deps/venv/bin/python', '-c', code)).toBe('1.16.0 True')
    const { message } = await getFailure(
      store.ensure(createPython({ 'requirements.txt': 'rgrid-no-such-package==1' })),
    )
    expect(message).toMatch(/^uv: Because rgrid-no-such-package was not found/)
  })

  it('installs with npm, for scripts anywhere in the workspace', async () => {
    const { store } = await createStore()
    const layer = await store.ensure(createNode(NODE_FILES))

    const code = 'console.log(require("is-number")(7))'
    expect(await runOffline(layer, node, 'node', '-e', code)).toBe('true')
    const esm = 'import isNumber from "is-number"; console.log(isNumber("x"))'
    expect(await runOffline(layer, node, 'node', '--input-type=module', '-e', esm)).toBe('false')
  })

  it('gives the whole output of an installer that fails', async () => {
    const { store, root } = await createStore()

    const failure = await getFailure(
      store.ensure(createPython({ 'requirements.txt': 'six\nrgrid-no-such-package==1' })),
    )

    expect(failure.message).toBe('pip: No matching distribution found for rgrid-no-such-package==1')
    expect(Buffer.from(failure.output).toString()).toContain('Collecting six')
    expect(await readdir(join(root, 'layers'))).toEqual([])
  })

  it('refuses a lockfile that does not fit its package.json', async () => {
    const { store } = await createStore()
    const manifest =
      '{"name":"test","version":"1.0.0","dependencies":{"is-number":"7.0.0","left-pad":"1.3.0"}}'

    const failure = await getFailure(store.ensure(createNode({ ...NODE_FILES, 'package.json': manifest })))

    expect(failure.message).toContain('npm: `npm ci` can only install packages when')
    expect(Buffer.from(failure.output).toString()).toContain('left-pad@1.3.0')
  })

  it('hides the credentials of an index, from the engine too', async () => {
    const secret = 'hunter2secret'
    const index = `http://me:${secret}@127.0.0.1:9/simple`
    const seen: string[] = []
    const { store } = await createStore({
      env: { PIP_INDEX_URL: index, PIP_RETRIES: '0' },
      connect: () =>
        connectWith(async (create) => {
          const container = await create()
          seen.push(JSON.stringify(await container.inspect()))
          return container
        }),
    })

    const failure = await getFailure(
      store.ensure(createPython({ 'requirements.txt': `six @ http://a:${secret}@127.0.0.1:9/six-1.tar.gz` })),
    )

    expect(seen).toHaveLength(1)
    expect(seen.join()).not.toContain(secret)
    expect(Buffer.from(failure.output).toString() + failure.message).not.toContain(secret)
    expect(Buffer.from(failure.output).toString()).toContain('127.0.0.1:9')
  })

  it('runs the code of packages as nobody, without the script and what the runner knows', async () => {
    vi.stubEnv('RGRID_API_KEY', 'key-of-the-runner')
    onTestFinished(() => void vi.unstubAllEnvs())
    const { store } = await createStore()
    const url = await servePackage(docker, 'probe', PROBE)

    const failure = await getFailure(
      store.ensure(createPython({ 'requirements.txt': `probe @ ${url}`, 'main.py': 'text of the script' })),
    )

    const text = Buffer.from(failure.output).toString()
    expect(failure.message).toContain('PROBE END')
    expect(text).toContain('uid 65534 caps 0000000000000000 new-privileges 1')
    expect(text).toContain("refused ['/etc/probe', '/rgrid-install/probe', '/var/tmp/probe']")
    expect(text).not.toContain('key-of-the-runner')
    expect(text).not.toContain('text of the script')
  })

  it('ends an installation that takes too long', async () => {
    const { store } = await createStore({ timeoutMs: 500 })

    const failure = await getFailure(store.ensure(createPython(PYTHON_FILES)))

    expect(failure.message).toBe('the installation took over 0.5 seconds')
  })

  it('ends an installation that writes too much', async () => {
    const { store, root } = await createStore({ diskMib: 0.1 })

    const failure = await getFailure(store.ensure(createPython(PYTHON_FILES)))

    expect(failure.message).toBe('the installation wrote more than 0.1 MiB to the disk')
    expect(await readdir(join(root, 'layers'))).toEqual([])
  })

  it('finds a container later that the engine refused to remove', async () => {
    const instance = `test-refused-${process.pid}`
    let allow = (): void => undefined
    const { store } = await createStore({
      instance,
      connect: () =>
        connectWith(async (create) => {
          const container = await create()
          allow = refuseToRemove(docker, container.id)
          return docker.getContainer(container.id)
        }),
    })
    onTestFinished(() => allow())

    await store.ensure(createPython({ 'requirements.txt': 'six==1.16.0' }))
    const whileRefused = [await store.sweep(), await countContainers(instance)]
    allow()
    const then = [await store.sweep(), await countContainers(instance)]

    expect([whileRefused, then]).toEqual([
      [false, 1],
      [true, 0],
    ])
  })

  it('leaves a container alone that is only just made', async () => {
    const swept: boolean[] = []
    const { store, installer } = await createStore({
      connect: () =>
        connectWith(async (create) => {
          const container = await create()
          swept.push(await installer.sweep())
          return container
        }),
    })

    const layer = await store.ensure(createPython({ 'requirements.txt': 'six==1.16.0' }))

    expect([swept, layer.kind]).toEqual([[true], 'python'])
  })

  it('stops the container when nobody waits any more', async () => {
    const instance = `test-abort-${process.pid}`
    const { store, root } = await createStore({ instance })
    const controller = new AbortController()
    const installing = store.ensure(createPython(PYTHON_FILES, { signal: controller.signal }))
    installing.catch(() => undefined)
    await vi.waitFor(async () => expect(await countContainers(instance)).toBe(1), 20_000)

    controller.abort(new Error('left'))

    await expect(installing).rejects.toThrow('left')
    await vi.waitFor(async () => expect(await countContainers(instance)).toBe(0), 20_000)
    await vi.waitFor(async () => expect(await readdir(join(root, 'layers'))).toEqual([]), 20_000)
  })

  it('says that an image is not there', async () => {
    const { store } = await createStore()

    await expect(
      store.ensure(createPython(PYTHON_FILES, { base: 'rgrid-test/absent' })),
    ).rejects.toMatchObject({
      reason: 'image_pull',
    })
  })

  it('says that an image has no shell to install with', async () => {
    const { store } = await createStore()
    const base = await identify('rgrid-test/python-distroless')

    const failing = store.ensure(createPython(PYTHON_FILES, { base }))

    await expect(failing).rejects.toMatchObject({ reason: 'dependency_install' })
    await expect(failing).rejects.toThrow(/^the image cannot run an installer: .*\/bin\/sh/)
  })

  it('removes the installers of an earlier life', async () => {
    const instance = `test-sweep-${process.pid}`
    const { store, root } = await createStore({ instance })
    const container = await docker.createContainer({
      Image: python,
      Cmd: ['sleep', '60'],
      Labels: { [INSTALLER_LABEL]: instance },
    })
    onTestFinished(async () => void (await container.remove({ force: true }).catch(() => undefined)))
    await container.start()
    const stale = join(root, 'layers', `${'a'.repeat(64)}.00000000-0000-4000-8000-000000000000`)
    await mkdir(stale, { recursive: true })
    await writeFile(
      join(stale, 'state.json'),
      JSON.stringify({ state: 'installing', kind: 'python', instance, bytes: 0 }),
    )

    await store.sweep()

    expect(await countContainers(instance)).toBe(0)
    expect(await readdir(join(root, 'layers'))).toEqual([])
    await rm(stale, { recursive: true, force: true })
  })
})
