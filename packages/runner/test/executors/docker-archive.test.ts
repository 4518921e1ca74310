import Docker from 'dockerode'
import type { BigIntStats } from 'node:fs'
import { lstat, mkdir, readdir, readFile, writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { afterAll, describe, expect, it } from 'vitest'
import { DEFAULT_SOCKET_PATH } from '../../src/executors/docker/is-engine-answering.js'
import type { DockerExecutorOptions } from '../../src/executors/docker-executor.js'
import { StartError, type Executor } from '../../src/executors/executor.js'
import type { ContractContext } from './contract/contract-context.js'
import {
  createExecutor,
  createInstance,
  readOutput,
  runScript,
  startScript,
  waitForText,
  within,
} from './contract/start-script.js'
import { describeExecutor, type ContractOptions } from './executor-contract.js'
import { createRemoteEngine } from './remote-engine.js'
import { createTestExecutor, requireDocker, TEST_RUNTIMES } from './require-docker.js'

type OnTestFinished = ContractContext['onTestFinished']

const docker = new Docker({ socketPath: DEFAULT_SOCKET_PATH })
const isAvailable = await requireDocker()
const DISTROLESS = 'rgrid-test/python-distroless'
const engine = await createRemoteEngine()
afterAll(() => engine.close())

const findVolumes = async (instance: string) => {
  const filters = JSON.stringify({ label: [`rgrid.instance=${instance}`] })
  return (await docker.listVolumes({ filters })).Volumes
}
const findContainers = (instance: string) =>
  docker.listContainers({ all: true, filters: { label: [`rgrid.instance=${instance}`] } })

const hasImage = (name: string): Promise<boolean> =>
  docker
    .getImage(name)
    .inspect()
    .then(
      () => true,
      () => false,
    )

const createRemoteExecutor = (instance: string, options: Partial<DockerExecutorOptions> = {}): Executor =>
  createTestExecutor(instance, join(engine.unseen, instance), {
    engine: engine.address,
    cacheDirectory: join(engine.unseen, 'cache'),
    ...options,
  })

const REMOTE: ContractOptions = {
  available: isAvailable,
  isolates: true,
  create: (instance) => createRemoteExecutor(instance),
  async countLeft(instance) {
    return (await findContainers(instance)).length + (await findVolumes(instance)).length
  },
}

const createContext = (onTestFinished: OnTestFinished): ContractContext => ({ ...REMOTE, onTestFinished })

describeExecutor('docker, with archives', REMOTE)

describe.skipIf(!isAvailable)('docker, on an engine that sees no files', () => {
  it('sends and fetches files, and mounts nothing of this machine', async ({ onTestFinished }) => {
    const instance = createInstance()
    const context = createContext(onTestFinished)
    const source = `
import os, sys, time
print(open('data/in.txt').read(), os.stat('.').st_uid == os.getuid(), os.access('tool', os.X_OK))
os.makedirs('out/deep')
open('out/deep/a.txt', 'w').write('A')
print('ready', flush=True)
time.sleep(1)
`
    const script = await startScript(context, source, {
      executor: createExecutor(context, instance),
      async onPlace({ workDir }) {
        await mkdir(join(workDir, 'data'))
        await writeFile(join(workDir, 'data/in.txt'), 'in')
        await writeFile(join(workDir, 'tool'), '#!/bin/sh\n', { mode: 0o755 })
      },
    })
    await waitForText(script.running.stdout, 'in True True\nready\n')
    const [found] = await findContainers(instance)
    const { HostConfig, Mounts } = await docker.getContainer(found?.Id ?? '').inspect()
    const exit = await within(10_000, 'the script has ended', script.running.exit)
    await script.place.bringFiles?.(
      () => undefined,
      () => true,
    )

    expect(exit).toMatchObject({ cause: 'exit', exitCode: 0 })
    expect(HostConfig.Binds).toBeFalsy()
    expect(Mounts.map(({ Type, Destination, RW }) => [Destination, Type, RW]).sort()).toEqual([
      ['/rgrid', 'volume', false],
      ['/work', 'volume', true],
    ])
    expect(await readFile(join(script.workDir, 'out/deep/a.txt'), 'utf8')).toBe('A')
  })

  it('keeps arguments and environment from the engine', async ({ onTestFinished }) => {
    const instance = createInstance()
    const context = createContext(onTestFinished)
    const secret = 'a-secret-that-nobody-may-see'
    const { running } = await startScript(
      context,
      'import time; print("ready", flush=True); time.sleep(20)',
      {
        executor: createExecutor(context, instance),
        env: { TOKEN: secret },
        args: [secret],
      },
    )
    await waitForText(running.stdout, 'ready')
    const [found] = await findContainers(instance)
    const seen = [await docker.getContainer(found?.Id ?? '').inspect(), await findVolumes(instance)]

    expect(JSON.stringify(seen)).not.toContain(secret)
  })

  it('lets the script write nothing but its own directory', async ({ onTestFinished }) => {
    const source = `
import os
for path in ('/rgrid/new', '/rgrid/launch', '/etc/new'):
    try:
        open(path, 'w')
        print('wrote', path)
    except OSError as error:
        print(error.errno)
try:
    os.chmod('/rgrid/launch', 0o777)
except OSError as error:
    print(error.errno)
`
    const { stdout } = await runScript(createContext(onTestFinished), source)

    expect(stdout.toString()).toBe('30\n30\n30\n30\n')
  })

  it('knows its own names, and no others', async ({ onTestFinished }) => {
    const source = `
import socket
print(socket.gethostbyname('localhost'), socket.gethostbyname('rgrid'))
try:
    print(socket.gethostbyname('example.com'))
except OSError as error:
    print('unknown')
`
    const { stdout } = await runScript(createContext(onTestFinished), source)

    expect(stdout.toString()).toBe('127.0.0.1 127.0.0.1\nunknown\n')
  })

  it('fetches regular files whole, and says what it left', async ({ onTestFinished }) => {
    const source = `
import os
os.symlink('/etc/passwd', 'link')
os.mkfifo('fifo')
open('a.txt', 'w').write('text')
os.link('a.txt', 'b.txt')
os.makedirs('locked/inside')
open('locked/inside/c.txt', 'w').write('c')
os.chmod('locked/inside', 0)
os.chmod('locked', 0)
here = os.getcwd()
for _ in range(30):
    os.mkdir('d' * 200)
    os.chdir('d' * 200)
    open('e', 'w').close()
os.chdir(here)
open('z.txt', 'w').write('z')
`
    const ended = await runScript(createContext(onTestFinished), source)
    const top = 'd'.repeat(200)

    expect([ended.exit.exitCode, ended.stderr.toString()]).toEqual([0, ''])
    expect(await Promise.all(['a.txt', 'b.txt', 'z.txt'].map((path) => readOutput(ended, path)))).toEqual([
      'text',
      'text',
      'z',
    ])
    expect(await readOutput(ended, 'locked/inside/c.txt')).toBe('c')
    expect(await readOutput(ended, `${top}/${top}/e`)).toBe('')
    expect([...ended.skipped].sort()).toEqual([
      `${top}/${top}/${top}: is over 512 bytes`,
      'fifo: is a FIFO',
      'link: is a symbolic link',
    ])
  })

  it('leaves an input untouched that came back as it was', async ({ onTestFinished }) => {
    const source = `
open('changed.txt', 'w').write('two')
text = open('same.txt').read()
open('same.txt', 'w').write(text)
`
    const ended: BigIntStats[] = []
    const stat = async (workDir: string) => {
      for (const name of ['same.txt', 'changed.txt'])
        ended.push(await lstat(join(workDir, name), { bigint: true }))
    }
    const { workDir } = await runScript(createContext(onTestFinished), source, {
      async onPlace({ workDir: before }) {
        await writeFile(join(before, 'same.txt'), 'one')
        await writeFile(join(before, 'changed.txt'), 'one')
        await stat(before)
      },
    })
    await stat(workDir)
    const [same, changed, sameAfter, changedAfter] = ended.map(({ ino, mtimeNs }) => `${ino} ${mtimeNs}`)

    expect(sameAfter).toBe(same)
    expect(changedAfter).not.toBe(changed)
  })

  it('does not fetch more than the disk limit, and says so', async ({ onTestFinished }) => {
    const source = `
for name in 'abc':
    with open(name, 'wb') as file: file.truncate(7 << 20)
`
    const resources = { diskMib: 16, memoryMib: 256, pids: 64 }
    const { workDir, skipped } = await runScript(createContext(onTestFinished), source, { resources })

    expect(await readdir(workDir)).toEqual(['a', 'b'])
    expect(skipped).toEqual(['c: over the limit of the disk, and so is what comes after it'])
  })

  it('ends a script that writes more than it may', async ({ onTestFinished }) => {
    const source = `
import time
for name in range(4):
    with open(str(name), 'wb') as file: file.write(b'x' * (7 << 20))
time.sleep(25)
`
    const resources = { diskMib: 16, memoryMib: 256, pids: 64 }
    const { running } = await startScript(createContext(onTestFinished), source, { resources })

    expect(await within(20_000, 'the script has ended', running.exit)).toMatchObject({
      cause: 'output_limit',
      message: 'the script wrote more than 16 MiB to its working directory',
    })
  })

  it('says that files are missing when the container is gone', async ({ onTestFinished }) => {
    const instance = createInstance()
    const context = createContext(onTestFinished)
    const { running, place } = await startScript(
      context,
      'print("ready", flush=True); import time; time.sleep(20)',
      {
        executor: createExecutor(context, instance),
      },
    )
    await waitForText(running.stdout, 'ready')
    const [found] = await findContainers(instance)
    await docker.getContainer(found?.Id ?? '').remove({ force: true })
    await within(10_000, 'the end is known', running.exit)
    const skipped: string[] = []
    await place.bringFiles?.(
      (path, reason) => void skipped.push(`${path}: ${reason}`),
      () => true,
    )

    expect(skipped).toEqual([
      expect.stringMatching(
        /^\.: files may be missing: the Docker engine did not send all of them: .*No such container/i,
      ),
    ])
  })

  it('leaves nothing of a place in which nothing was started', async ({ onTestFinished }) => {
    const instance = createInstance()
    const context = createContext(onTestFinished)
    const executor = createExecutor(context, instance)
    const { request } = await runScript(context, 'pass', { executor: createExecutor(context) })
    const place = await executor.prepare({ ...request, executionId: `exec_${instance}` })
    const there = await context.countLeft(instance)
    await place.remove()

    expect([there, await context.countLeft(instance)]).toEqual([3, 0])
    await expect(lstat(place.workDir)).rejects.toThrow('ENOENT')
  })

  it('sweeps nothing that is in use, and no volume of others', async ({ onTestFinished }) => {
    const [ours, theirs] = [createInstance(), createInstance()]
    const context = createContext(onTestFinished)
    const executor = createExecutor(context, ours)
    const left = await docker.createVolume({ Name: `rgrid-test-${ours}`, Labels: { 'rgrid.instance': ours } })
    const other = await docker.createVolume({
      Name: `rgrid-test-${theirs}`,
      Labels: { 'rgrid.instance': theirs },
    })
    onTestFinished(() => docker.getVolume(other.name).remove())
    const { running } = await startScript(context, 'print("ready", flush=True); import time; time.sleep(2)', {
      executor,
    })
    await waitForText(running.stdout, 'ready')

    expect(await executor.sweep()).toBe(true)

    expect(await within(10_000, 'the script has ended', running.exit)).toMatchObject({
      cause: 'exit',
      exitCode: 0,
    })
    expect((await findVolumes(ours)).map(({ Name }) => Name)).toHaveLength(2)
    expect((await findVolumes(ours)).map(({ Name }) => Name)).not.toContain(left.name)
    expect((await findVolumes(theirs)).map(({ Name }) => Name)).toEqual([other.name])
  })

  it('installs no packages, and says why', async ({ onTestFinished }) => {
    const executor = createExecutor(createContext(onTestFinished))
    const installed = executor.install({
      project: 'default',
      runtime: 'python',
      image: undefined,
      dependencies: { kind: 'requirements', path: 'requirements.txt' },
      script: 'a.py',
      files: [],
      readFile: () => Promise.reject(new Error('nothing is read')),
      onProgress: () => undefined,
      signal: new AbortController().signal,
    })

    await expect(installed).rejects.toThrow(StartError)
    await expect(installed).rejects.toThrow(
      'cannot be installed on a Docker engine that sees no files of its runner',
    )
  })
})

describe.skipIf(!isAvailable || !(await hasImage(DISTROLESS)))('docker, with archives and no shell', () => {
  it('runs a script, and fetches its files', async ({ onTestFinished }) => {
    const context: ContractContext = {
      ...createContext(onTestFinished),
      create: (instance) =>
        createRemoteExecutor(instance, {
          runtimes: { ...TEST_RUNTIMES, python: { ...TEST_RUNTIMES.python, image: DISTROLESS } },
        }),
    }
    const ended = await runScript(context, 'open("a.txt", "w").write("A"); print("done")')

    expect([ended.exit.exitCode, ended.stdout.toString(), await readOutput(ended, 'a.txt')]).toEqual([
      0,
      'done\n',
      'A',
    ])
  })
})
