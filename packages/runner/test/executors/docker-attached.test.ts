import Docker from 'dockerode'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { DEFAULT_SOCKET_PATH } from '../../src/executors/docker/is-engine-answering.js'
import type { RuntimeTable } from '../../src/executors/runtimes/runtime-table.js'
import type { ContractContext } from './contract/contract-context.js'
import { checkBash, checkMissingRuntime } from './contract/launch-cases.js'
import { runScript, startScript, waitForText, within } from './contract/start-script.js'
import { CONTRACT, describeExecutor } from './executor-contract.js'
import { findContainer } from './find-container.js'
import { createTestExecutor, requireDocker, TEST_IMAGES, TEST_RUNTIMES } from './require-docker.js'

type OnTestFinished = ContractContext['onTestFinished']

const docker = new Docker({ socketPath: DEFAULT_SOCKET_PATH })
const isAvailable = await requireDocker()
const DISTROLESS = 'rgrid-test/python-distroless'
const NODE_DISTROLESS = 'rgrid-test/node-distroless'
// No image with a shell waits where the engine's runtime is named, as other runtimes may share no FIFO.
const ENGINE_RUNTIME = { engineRuntime: 'runc' }

const countLeft = async (instance: string): Promise<number> => {
  const filters = { label: [`rgrid.instance=${instance}`] }
  return (await docker.listContainers({ all: true, filters })).length
}

const withImage = (runtime: 'python' | 'node', image: string): RuntimeTable => ({
  ...TEST_RUNTIMES,
  [runtime]: { ...TEST_RUNTIMES[runtime], image },
})

const createContext = (
  onTestFinished: OnTestFinished,
  options: Parameters<typeof createTestExecutor>[2] = ENGINE_RUNTIME,
): ContractContext => ({
  onTestFinished,
  countLeft,
  create: (instance, directory) => createTestExecutor(instance, directory, options),
})

describeExecutor('docker, attached', {
  available: isAvailable,
  isolates: true,
  create: (instance, directory) => createTestExecutor(instance, directory, ENGINE_RUNTIME),
  countLeft,
})

const hasImage = (name: string): Promise<boolean> =>
  docker
    .getImage(name)
    .inspect()
    .then(
      () => true,
      () => false,
    )

describe.skipIf(!isAvailable || !(await hasImage(DISTROLESS)))('docker, in an image without a shell', () => {
  const needsShell = new Set([checkBash, checkMissingRuntime])
  for (const { title, check } of CONTRACT.filter((contract) => !needsShell.has(contract.check)))
    it(title, ({ onTestFinished }) =>
      check(createContext(onTestFinished, { runtimes: withImage('python', DISTROLESS) })),
    )

  it('keeps arguments and environment from the engine', async ({ onTestFinished }) => {
    const secret = 'a-secret-that-nobody-may-see'
    const script = await startScript(
      createContext(onTestFinished, { runtimes: withImage('python', DISTROLESS) }),
      'import time; print("ready"); time.sleep(20)',
      { env: { TOKEN: secret }, args: [secret] },
    )
    await waitForText(script.running.stdout, 'ready')
    const info = await (await findContainer(docker, script)).inspect()

    expect(JSON.stringify(info)).not.toContain(secret)
  })
})

describe.skipIf(!isAvailable)('docker, attached, beside the contract', () => {
  it('says that its containers are cold', async ({ onTestFinished }) => {
    const { place } = await runScript(createContext(onTestFinished), 'pass')

    expect(place.container).toBe('cold')
  })

  it('ends a script that runs over its deadline, with all that it started', async ({ onTestFinished }) => {
    const source = `
import os, signal, time
signal.signal(signal.SIGTERM, signal.SIG_IGN)
os.fork()
os.write(1, b'ready\\n')
time.sleep(60)
`
    const { exit, stdout } = await runScript(createContext(onTestFinished), source, { deadlineMs: 1_500 })

    expect(exit).toMatchObject({ cause: 'timeout', signal: 'SIGKILL', exitCode: 137 })
    expect(exit.usage.wallMs).toBeGreaterThan(1_400)
    expect(stdout.toString()).toBe('ready\nready\n')
  })

  it('takes a kill before the deadline for a kill', async ({ onTestFinished }) => {
    const source = 'import os, signal, time; os.kill(os.getpid(), signal.SIGKILL); time.sleep(60)'
    const { exit } = await runScript(createContext(onTestFinished), source, { deadlineMs: 30_000 })

    expect(exit).toMatchObject({ cause: 'signal', signal: 'SIGKILL' })
  })

  it('gives the script no child that it did not start, and no open file', async ({ onTestFinished }) => {
    const source = `
import os
try:
    print(os.waitpid(-1, os.WNOHANG))
except ChildProcessError:
    print('no child')
print([fd for fd in os.listdir('/proc/self/fd') if int(fd) > 2 and os.path.exists('/proc/self/fd/' + fd)])
`
    const { stdout } = await runScript(createContext(onTestFinished), source)

    expect(stdout.toString()).toBe('no child\n[]\n')
  })

  it('ends as soon as the script does, long before the deadline', async ({ onTestFinished }) => {
    const { running } = await startScript(createContext(onTestFinished), 'pass', { deadlineMs: 86_400_000 })

    expect(await within(10_000, 'the script has ended', running.exit)).toMatchObject({ exitCode: 0 })
  })
})

describe.skipIf(!isAvailable)('docker, Node in an image without a shell', () => {
  beforeAll(makeNodeImage)
  afterAll(() => docker.getImage(NODE_DISTROLESS).remove({ force: true }))

  const run = (
    onTestFinished: OnTestFinished,
    script: string,
    source: string,
    options: Parameters<typeof runScript>[2] = {},
  ) =>
    runScript(createContext(onTestFinished, { runtimes: withImage('node', NODE_DISTROLESS) }), source, {
      runtime: 'node',
      script,
      ...options,
    })

  it.for([
    [
      'CommonJS',
      'folder/main.cjs',
      'console.log(JSON.stringify([process.argv.slice(1), require.main === module, __filename, process.env.A]))',
    ],
    [
      'ECMAScript modules',
      'folder/main.mjs',
      'console.log(JSON.stringify([process.argv.slice(1), import.meta.main ?? true, new URL(import.meta.url).pathname, process.env.A]))',
    ],
  ] as const)('runs %s as the main program', async ([, script, source], { onTestFinished }) => {
    const options = { args: ['a b', '--x', 'é'], env: { A: '$(id) "q"' } }
    const { stdout, stderr, exit } = await run(onTestFinished, script, source, options)

    expect([exit.exitCode, stderr.toString()]).toEqual([0, ''])
    expect(JSON.parse(stdout.toString())).toEqual([
      [`/work/${script}`, ...options.args],
      true,
      `/work/${script}`,
      options.env.A,
    ])
  })

  it('finds modules beside the script, and the working directory', async ({ onTestFinished }) => {
    const source = `
import { writeFileSync } from 'node:fs'
writeFileSync('out.txt', 'x')
console.log(process.cwd(), process.env.RGRID_ATTEMPT)
await new Promise((resolve) => setTimeout(resolve, 10))
process.exit(7)
`
    const { stdout, exit } = await run(onTestFinished, 'a.mjs', source)

    expect([exit.cause, exit.exitCode, stdout.toString()]).toEqual(['exit', 7, '/work 1\n'])
  })

  it('shows an exception with the lines of the script, and its exit code', async ({ onTestFinished }) => {
    const { stderr, exit } = await run(onTestFinished, 'a.cjs', 'throw new Error("mine")')

    expect(exit).toMatchObject({ cause: 'exit', exitCode: 1 })
    expect(stderr.toString()).toContain('/work/a.cjs:1')
    expect(stderr.toString()).toContain('Error: mine')
  })

  it('lets the script handle SIGTERM', async ({ onTestFinished }) => {
    const source = `
process.on('SIGTERM', () => process.exit(3))
setInterval(() => undefined, 1000)
console.log('ready')
`
    const { running } = await startScript(
      createContext(onTestFinished, { runtimes: withImage('node', NODE_DISTROLESS) }),
      source,
      { runtime: 'node', script: 'a.cjs' },
    )
    await waitForText(running.stdout, 'ready')
    await running.signal('SIGTERM')

    expect(await within(10_000, 'the script has ended', running.exit)).toMatchObject({ exitCode: 3 })
  })
})

/** Makes an image with Node and without a shell, from the one with both. */
async function makeNodeImage(): Promise<void> {
  const container = await docker.createContainer({
    Image: TEST_IMAGES.node ?? '',
    Entrypoint: [
      '/bin/sh',
      '-c',
      'rm -f /bin/sh /bin/bash /bin/dash /usr/bin/sh /usr/bin/bash /usr/bin/dash',
    ],
    NetworkDisabled: true,
  })
  try {
    await container.start()
    await container.wait()
    await container.commit({ repo: NODE_DISTROLESS })
  } finally {
    await container.remove({ force: true })
  }
}
