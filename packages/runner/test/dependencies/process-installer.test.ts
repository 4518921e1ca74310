import { execFile } from 'node:child_process'
import { mkdir, readdir, readFile, symlink, writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { promisify } from 'node:util'
import { describe, expect, it, onTestFinished, vi } from 'vitest'
import { createDependencyStore, type EnsureRequest } from '../../src/dependencies/dependency-store.js'
import { identifyInterpreter } from '../../src/dependencies/interpreter.js'
import { getProcessUse } from '../../src/dependencies/layer-use.js'
import {
  createProcessInstaller,
  type ProcessInstallerOptions,
} from '../../src/dependencies/process-installer.js'
import { InstallError } from '../../src/executors/executor.js'
import { findMarked } from '../../src/executors/process/process-table.js'
import { NODE_FILES, PYTHON_FILES } from './support/packages.js'
import { createDirectory, createRequest } from './support/requests.js'
import { serveSilence } from './support/serve-silence.js'
import { hasProgram, requireRegistries } from './support/require-registries.js'

const isPossible =
  hasProgram('python3', '-c', 'import venv, pip') &&
  hasProgram('npm', '--version') &&
  (await requireRegistries())

const findProgram: ProcessInstallerOptions['findProgram'] = async (_runtime, kind) =>
  ({ python: 'python3', node: process.execPath })[kind]

async function createStore(options: Partial<ProcessInstallerOptions> = {}) {
  const installer = createProcessInstaller({
    instance: `test-${process.pid}`,
    findProgram,
    uv: null,
    ...options,
  })
  const run = vi.fn(installer.run)
  const root = await createDirectory()
  const store = createDependencyStore({ directory: root, installer: { ...installer, run } })
  onTestFinished(() => store.close())
  return { store, run, root }
}

const runProgram = async (program: string, args: readonly string[], cwd?: string): Promise<string> =>
  (await promisify(execFile)(program, [...args], { cwd })).stdout.trim()

async function createPython(
  files: Readonly<Record<string, string>>,
  request: Partial<EnsureRequest> = {},
): Promise<EnsureRequest> {
  return createRequest(files, { base: (await identifyInterpreter('python', 'python3')).id, ...request })
}

describe('identifyInterpreter', () => {
  it('knows a program by where it is and by its version', async () => {
    const { id, program } = await identifyInterpreter('node', process.execPath)

    expect(program).toBe(process.execPath)
    expect(id).toBe(`${process.execPath} ${process.version} ${process.arch}`)
  })

  it('refuses what does not answer', async () => {
    await expect(identifyInterpreter('python', '/nowhere/python3')).rejects.toThrow(
      '/nowhere/python3 does not say',
    )
  })
})

describe.runIf(isPossible)('createProcessInstaller', { timeout: 180_000 }, () => {
  it('installs what two need at once once, where it stays', async () => {
    const { store, run } = await createStore()
    const request = await createPython(PYTHON_FILES)

    const [layer, same] = await Promise.all([store.ensure(request), store.ensure(request)])

    expect(run).toHaveBeenCalledTimes(1)
    expect(same).toEqual(layer)
    const { program = '' } = getProcessUse(layer)
    const code = 'import six, idna, sys; print(six.__version__, idna.__version__, sys.prefix)'
    expect(await runProgram(program, ['-c', code])).toBe(`1.16.0 3.7 ${join(layer.directory, 'venv')}`)
  })

  it('starts the programs of packages', async () => {
    const { store } = await createStore()

    const layer = await store.ensure(await createPython({ 'requirements.txt': 'pyjokes==0.6.0' }))

    const [folder = ''] = getProcessUse(layer).pathFolders
    expect(await runProgram(join(folder, 'pyjoke'), [])).not.toBe('')
  })

  it('installs with npm, for scripts below a link', async () => {
    const { store } = await createStore()
    const { id } = await identifyInterpreter('node', process.execPath)
    const layer = await store.ensure(
      createRequest(NODE_FILES, { base: id, runtime: 'node', dependencies: { kind: 'package', path: '.' } }),
    )
    const home = await createDirectory()
    const { link } = getProcessUse(layer)
    await symlink(link?.target ?? '', join(home, link?.name ?? ''))
    await mkdir(join(home, 'work'))
    await writeFile(
      join(home, 'work', 'main.mjs'),
      'import isNumber from "is-number"; console.log(isNumber(1))',
    )

    expect(await runProgram(process.execPath, ['main.mjs'], join(home, 'work'))).toBe('true')
  })

  it('ends an installation that writes too much', async () => {
    const { store, root } = await createStore({ diskMib: 0.1 })

    const installing = store.ensure(await createPython(PYTHON_FILES))

    await expect(installing).rejects.toThrow('the installation wrote more than 0.1 MiB to the disk')
    await expect(installing).rejects.toBeInstanceOf(InstallError)
    expect(await readdir(join(root, 'layers'))).toEqual([])
  })

  it('gives the whole output of an installer that fails', async () => {
    const { store, root } = await createStore()

    const failure = await store
      .ensure(await createPython({ 'requirements.txt': 'rgrid-no-such-package==1' }))
      .catch((error: unknown) => error)

    expect(failure).toBeInstanceOf(InstallError)
    const { message, output } = failure as InstallError
    expect(message).toBe('pip: No matching distribution found for rgrid-no-such-package==1')
    expect(Buffer.from(output).toString()).toContain('Could not find a version')
    expect(await readdir(join(root, 'layers'))).toEqual([])
  })

  it("gives installers nothing of the runner's but what is meant for them", async () => {
    vi.stubEnv('RGRID_API_KEY', 'key-of-the-runner')
    onTestFinished(() => void vi.unstubAllEnvs())
    const { store, run } = await createStore()
    const installing = store.ensure(await createPython(PYTHON_FILES))
    await vi.waitFor(() => expect(run).toHaveBeenCalled())
    const marker = `RGRID_INSTALLATION=${run.mock.calls[0]?.[0].name}`

    const environ = await vi.waitFor(async () => {
      const [pid] = findMarked(marker)
      return readFile(`/proc/${String(pid)}/environ`, 'utf8')
    }, 10_000)

    expect(environ).toContain(`RGRID_INSTALLER=test-${process.pid}`)
    expect(environ).not.toContain('key-of-the-runner')
    await installing
  })

  it('kills all of an installer when nobody waits, or it takes too long', async () => {
    const { store, run } = await createStore()
    const { url, asked } = await serveSilence('127.0.0.1')
    const requirements = `slow @ ${url}`
    const controller = new AbortController()
    const installing = store.ensure(
      await createPython({ 'requirements.txt': requirements }, { signal: controller.signal }),
    )
    installing.catch(() => undefined)
    await asked
    const marker = `RGRID_INSTALLATION=${run.mock.calls[0]?.[0].name}`
    expect(findMarked(marker).length).toBeGreaterThan(1)

    controller.abort(new Error('left'))

    await expect(installing).rejects.toThrow('left')
    await vi.waitFor(() => expect(findMarked(marker)).toEqual([]), 10_000)
    const { store: hasty } = await createStore({ timeoutMs: 300 })
    await expect(hasty.ensure(await createPython(PYTHON_FILES))).rejects.toThrow(
      'the installation took over 0.3 seconds',
    )
  })
})
