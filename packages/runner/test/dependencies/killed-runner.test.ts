import Docker from 'dockerode'
import { spawn } from 'node:child_process'
import { once } from 'node:events'
import { mkdir, readdir, rm } from 'node:fs/promises'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { build } from 'tsup'
import { beforeAll, describe, expect, it, onTestFinished, vi } from 'vitest'
import { createContainerInstaller } from '../../src/dependencies/container-installer.js'
import { createDependencyStore } from '../../src/dependencies/dependency-store.js'
import { INSTALLER_LABEL } from '../../src/dependencies/installer-container.js'
import type { Installer } from '../../src/dependencies/installer.js'
import { identifyInterpreter } from '../../src/dependencies/interpreter.js'
import { createProcessInstaller } from '../../src/dependencies/process-installer.js'
import { findMarked } from '../../src/executors/process/process-table.js'
import { requireDocker, TEST_IMAGES } from '../executors/require-docker.js'
import { getBridgeAddress } from './support/get-bridge-address.js'
import { createDirectory, createRequest } from './support/requests.js'
import { serveSilence } from './support/serve-silence.js'
import { hasProgram, requireRegistries } from './support/require-registries.js'

const OUT = fileURLToPath(new URL('../../../../node_modules/.cache/', import.meta.url))
const ENTRY = fileURLToPath(new URL('support/install-main.ts', import.meta.url))
const hasRegistries = await requireRegistries()
const hasDocker = hasRegistries && (await requireDocker())
const hasPython = hasRegistries && hasProgram('python3', '-c', 'import venv, pip')

const docker = new Docker()
let main = ''

interface Side {
  readonly host: () => Promise<string>
  readonly base: () => Promise<string>
  readonly createInstaller: (instance: string) => Installer
  readonly countRunning: (instance: string) => Promise<number>
}

const SIDES: Readonly<Record<'docker' | 'process', Side>> = {
  docker: {
    host: () => getBridgeAddress(docker),
    base: async () => (await docker.getImage(TEST_IMAGES.python ?? '').inspect()).Id,
    createInstaller: (instance) =>
      createContainerInstaller({ instance, uv: null, connect: async () => docker }),
    countRunning: async (instance) =>
      (await docker.listContainers({ filters: { label: [`${INSTALLER_LABEL}=${instance}`] } })).length,
  },
  process: {
    host: async () => '127.0.0.1',
    base: async () => (await identifyInterpreter('python', 'python3')).id,
    createInstaller: (instance) =>
      createProcessInstaller({ instance, uv: null, findProgram: async () => 'python3' }),
    countRunning: async (instance) => findMarked(`RGRID_INSTALLER=${instance}`).length,
  },
}

const possible = (['docker', 'process'] as const).filter((name) =>
  name === 'docker' ? hasDocker : hasPython,
)

describe.runIf(possible.length > 0)('a runner that is killed while it installs', { timeout: 120_000 }, () => {
  beforeAll(async () => {
    const outDir = join(OUT, `rgrid-install-${process.pid}`)
    await mkdir(outDir, { recursive: true })
    await build({
      config: false,
      silent: true,
      entry: { main: ENTRY },
      outDir,
      format: 'esm',
      noExternal: [/^@rgrid\//],
      external: ['dockerode', 'signal-exit', 'zod', 'smol-toml'],
      esbuildOptions(options) {
        options.conditions = ['@rgrid/source']
      },
      outExtension: () => ({ js: '.mjs' }),
    })
    main = join(outDir, 'main.mjs')
    return () => rm(outDir, { recursive: true, force: true })
  })

  it.for(possible)('leaves nothing behind after the next start (%s)', async (name) => {
    const { host, base, createInstaller, countRunning } = SIDES[name]
    const instance = `killed-${name}-${process.pid}`
    const directory = await createDirectory()
    const { url, asked } = await serveSilence(await host())
    const requirements = `slow @ ${url}`
    const args = [main, name, instance, directory, await base(), requirements]
    const runner = spawn(process.execPath, args, { stdio: 'ignore' })
    onTestFinished(() => void runner.kill('SIGKILL'))
    await asked
    runner.kill('SIGKILL')
    await once(runner, 'exit')
    expect(await countRunning(instance)).toBeGreaterThan(0)
    expect(await readdir(join(directory, 'layers'))).toHaveLength(1)

    const store = createDependencyStore({ directory, installer: createInstaller(instance) })
    onTestFinished(() => store.close())
    await store.sweep()

    await vi.waitFor(async () => expect(await countRunning(instance)).toBe(0), 10_000)
    expect(await readdir(join(directory, 'layers'))).toEqual([])
    const request = createRequest({ 'requirements.txt': 'six==1.16.0' }, { base: await base() })
    await expect(store.ensure(request)).resolves.toMatchObject({ kind: 'python' })
  })
})
