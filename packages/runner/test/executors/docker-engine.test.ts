import Docker from 'dockerode'
import { mkdtemp, rm } from 'node:fs/promises'
import { connect, createServer, type Socket } from 'node:net'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { setTimeout as sleep } from 'node:timers/promises'
import { describe, expect, it } from 'vitest'
import { followEngineStats } from '../../src/executors/docker/engine-stats.js'
import type { SampledUsage } from '../../src/executors/docker/cgroup-reader.js'
import { DEFAULT_SOCKET_PATH } from '../../src/executors/docker/is-engine-answering.js'
import { StartError } from '../../src/executors/executor.js'
import type { ContractContext } from './contract/contract-context.js'
import { readAll, runScript, startScript, waitForText, within } from './contract/start-script.js'
import { findContainer } from './find-container.js'
import { createTestExecutor, requireDocker } from './require-docker.js'

type OnTestFinished = ContractContext['onTestFinished']

const docker = new Docker({ socketPath: DEFAULT_SOCKET_PATH })
const WAIT = 'import time; print("ready", flush=True); time.sleep(20)'

const createContext = (
  onTestFinished: OnTestFinished,
  socketPath = DEFAULT_SOCKET_PATH,
): ContractContext => ({
  onTestFinished,
  create: (instance, directory) => createTestExecutor(instance, directory, { engine: { socketPath } }),
  countLeft: async () => 0,
})

/** A way to the engine that can be cut off, as by an engine that dies. */
async function createCuttableSocket(onTestFinished: OnTestFinished) {
  const folder = await mkdtemp(join(tmpdir(), 'rgrid-engine-'))
  const socketPath = join(folder, 'docker.sock')
  const sockets = new Set<Socket>()
  let isCut = false
  const server = createServer((client) => {
    if (isCut) return client.destroy()
    const engine = connect(DEFAULT_SOCKET_PATH)
    for (const [from, to] of [
      [client, engine],
      [engine, client],
    ] as const) {
      sockets.add(from)
      from.pipe(to)
      from.on('error', () => to.destroy())
      from.once('close', () => to.destroy())
    }
    return undefined
  })
  await new Promise<void>((resolve) => server.listen(socketPath, resolve))
  onTestFinished(async () => {
    for (const socket of sockets) socket.destroy()
    server.close()
    await rm(folder, { recursive: true })
  })
  return {
    socketPath,
    cut() {
      isCut = true
      for (const socket of sockets) socket.destroy()
    },
    mend() {
      isCut = false
    },
  }
}

describe.skipIf(!(await requireDocker()))('with the engine', () => {
  it('runs Node', async ({ onTestFinished }) => {
    const source = 'console.log(process.argv.slice(2), process.env.A)'
    const options = { runtime: 'node', script: 'a.mjs', args: ['b'], env: { A: 'c' } } as const
    const { stdout, exit } = await runScript(createContext(onTestFinished), source, options)

    expect([exit.exitCode, stdout.toString()]).toEqual([0, "[ 'b' ] c\n"])
  })

  it('runs a script whose name starts with a dash', async ({ onTestFinished }) => {
    const context = createContext(onTestFinished)
    const { stdout } = await runScript(context, 'import sys; print(sys.argv)', {
      script: '-c.py',
      args: ['-x'],
    })

    expect(stdout.toString()).toBe("['-c.py', '-x']\n")
  })

  it('sets names that mean something to a shell', async ({ onTestFinished }) => {
    const env = { OPTIND: 'x', IFS: 'x', PPID: 'x', PATH: '/nowhere', HOME: '/work' }
    const source = `import os; print([os.environ[name] for name in ${JSON.stringify(Object.keys(env))}])`
    const { stdout } = await runScript(createContext(onTestFinished), source, { env })

    expect(stdout.toString()).toBe("['x', 'x', 'x', '/nowhere', '/work']\n")
  })

  it('says that no engine answers', async ({ onTestFinished }) => {
    const context = createContext(onTestFinished, '/nonexistent/docker.sock')
    const start = startScript(context, 'pass')

    await expect(start).rejects.toThrow(StartError)
    await expect(start).rejects.toThrow('/nonexistent/docker.sock')
  })

  it('reports a container that was removed under it', async ({ onTestFinished }) => {
    const script = await startScript(createContext(onTestFinished), WAIT)
    const { running } = script
    const stdout = readAll(running.stdout)
    await waitForText(running.stdout, 'ready\n')
    await (await findContainer(docker, script)).remove({ force: true })

    const { cause } = await within(10_000, 'the end is known', running.exit)
    // The engine may tell of the kill before it forgets the container.
    expect(['container_removed', 'signal']).toContain(cause)
    expect((await within(5_000, 'the stream has ended', stdout)).toString()).toBe('ready\n')
  })

  it('finds the true end when the engine goes away for a while', async ({ onTestFinished }) => {
    const engine = await createCuttableSocket(onTestFinished)
    const source = 'import os, time; print("ready", flush=True); time.sleep(1); os._exit(5)'
    const { running } = await startScript(createContext(onTestFinished, engine.socketPath), source)
    await waitForText(running.stdout, 'ready\n')
    engine.cut()
    await sleep(300)
    engine.mend()

    expect(await within(10_000, 'the end is known', running.exit)).toMatchObject({
      cause: 'exit',
      exitCode: 5,
    })
    await within(5_000, 'the stream has ended', readAll(running.stdout))
  })

  it('takes a kill while the engine was away for the engine', async ({ onTestFinished }) => {
    const engine = await createCuttableSocket(onTestFinished)
    const script = await startScript(createContext(onTestFinished, engine.socketPath), WAIT)
    const { running } = script
    await waitForText(running.stdout, 'ready\n')
    engine.cut()
    await (await findContainer(docker, script)).kill()
    engine.mend()

    expect(await within(10_000, 'the end is known', running.exit)).toMatchObject({
      cause: 'engine_restart',
      exitCode: 137,
    })
  })

  it('delivers a kill when the engine answers again', async ({ onTestFinished }) => {
    const engine = await createCuttableSocket(onTestFinished)
    const { running } = await startScript(createContext(onTestFinished, engine.socketPath), WAIT)
    await waitForText(running.stdout, 'ready\n')
    engine.cut()
    const killed = running.signal('SIGKILL')
    await sleep(300)
    engine.mend()
    await killed

    expect(await within(10_000, 'the end is known', running.exit)).toMatchObject({
      cause: 'signal',
      signal: 'SIGKILL',
    })
  })

  it('measures by the engine where control groups cannot be read', async ({ onTestFinished }) => {
    const source = 'data = b"x" * (50 << 20)\nwhile True: pass'
    const container = await findContainer(docker, await startScript(createContext(onTestFinished), source))
    const over = new AbortController()
    const seen = await within(
      10_000,
      'the engine has told something',
      new Promise<SampledUsage>((resolve) => {
        void followEngineStats(
          container,
          (usage) => {
            if ((usage.cpuSeconds ?? 0) > 0.5) resolve(usage)
          },
          over.signal,
        )
      }),
    )
    over.abort()

    expect(seen.peakMemoryBytes).toBeGreaterThan(50 * 1024 * 1024)
  })
})
