import Docker from 'dockerode'
import { readdir, readFile } from 'node:fs/promises'
import { availableParallelism } from 'node:os'
import { join } from 'node:path'
import { describe, expect, it } from 'vitest'
import { z } from 'zod'
import { DEFAULT_SOCKET_PATH } from '../../src/executors/docker/is-engine-answering.js'
import { SECCOMP_PROFILE } from '../../src/executors/docker/seccomp/create-profile.js'
import type { ContractContext } from './contract/contract-context.js'
import { runScript, startScript, waitForText, type StartedScript } from './contract/start-script.js'
import { findContainer } from './find-container.js'
import { createTestExecutor, requireDocker } from './require-docker.js'

const docker = new Docker({ socketPath: DEFAULT_SOCKET_PATH })

const createContext = (onTestFinished: ContractContext['onTestFinished']): ContractContext => ({
  onTestFinished,
  create: (instance, directory) => createTestExecutor(instance, directory),
  countLeft: async () => 0,
})

const viewSchema = z.object({
  ids: z.array(z.number()),
  groups: z.array(z.number()),
  status: z.record(z.string(), z.string()),
  interfaces: z.array(z.string()),
  allowed: z.array(z.string()),
  writable: z.array(z.string()),
  limits: z.record(z.string(), z.number()),
  pids: z.string(),
  cpu: z.string(),
  memory: z.string(),
  tmp: z.string(),
  fds: z.array(z.string()),
  mounts: z.record(z.string(), z.string()),
  localhost: z.string(),
  oom: z.string(),
})

// What a script sees of its own container.
const LOOK = `
import json, os, resource, socket
def read(*paths):
    for path in paths:
        if os.path.exists(path):
            with open(path) as file: return file.read().strip()
    return ''
def is_refused(action):
    try: action()
    except OSError: return True
    return False
attempts = {
    '/': lambda: open('/x', 'w'), '/etc': lambda: open('/etc/x', 'w'), '/usr': lambda: open('/usr/x', 'w'),
    '/rgrid': lambda: open('/rgrid/x', 'w'), 'launch': lambda: open('/rgrid/launch', 'a'), 'call': lambda: open('/rgrid/call', 'a'),
    'interpreter': lambda: open('/rgrid/interpreter.py', 'a'),
    'hosts': lambda: open('/etc/hosts', 'a'), 'chmod': lambda: os.chmod('/rgrid', 0o777),
    'sysctl': lambda: open('/proc/sys/kernel/core_pattern', 'w'), 'cgroup': lambda: open('/sys/fs/cgroup/x', 'w'),
    'setuid': lambda: os.setuid(0), 'chown': lambda: os.chown('/work', 0, 0), 'chroot': lambda: os.chroot('/work'),
    'raw socket': lambda: socket.socket(socket.AF_INET, socket.SOCK_RAW, 1),
    'packet socket': lambda: socket.socket(socket.AF_PACKET, socket.SOCK_RAW),
    'network': lambda: socket.create_connection(('169.254.169.254', 80), 1),
    'names': lambda: socket.getaddrinfo('example.com', 80),
    'mknod': lambda: os.mknod('/tmp/null', 0o020666, os.makedev(1, 3)),
    'nice': lambda: os.nice(-5),
}
fds = os.listdir('/proc/self/fd')
print(json.dumps({
    'ids': [*os.getresuid(), *os.getresgid()],
    'groups': [group for group in os.getgroups() if group != os.getgid()],
    'status': dict(line.split(':\\t', 1) for line in read('/proc/self/status').splitlines() if ':\\t' in line),
    'interfaces': os.listdir('/sys/class/net'),
    'allowed': [name for name, action in attempts.items() if not is_refused(action)],
    'writable': [path for path in ('/work', '/tmp', '/dev/shm') if not is_refused(lambda: open(path + '/x', 'w').close())],
    'limits': {'core': resource.getrlimit(resource.RLIMIT_CORE)[1], 'nofile': resource.getrlimit(resource.RLIMIT_NOFILE)[1], 'fsize': resource.getrlimit(resource.RLIMIT_FSIZE)[1]},
    'pids': read('/sys/fs/cgroup/pids/pids.max', '/sys/fs/cgroup/pids.max'),
    'cpu': read('/sys/fs/cgroup/cpu.max') or read('/sys/fs/cgroup/cpu/cpu.cfs_quota_us') + ' ' + read('/sys/fs/cgroup/cpu/cpu.cfs_period_us'),
    'memory': read('/sys/fs/cgroup/memory/memory.limit_in_bytes', '/sys/fs/cgroup/memory.max'),
    'tmp': next(line.split()[3] for line in read('/proc/mounts').splitlines() if line.split()[1] == '/tmp'),
    'fds': [fd for fd in fds if int(fd) > 2 and os.path.exists('/proc/self/fd/' + fd)],
    'mounts': {line.split()[4]: line.split()[5].split(',')[0] for line in read('/proc/self/mountinfo').splitlines()},
    'localhost': socket.gethostbyname('localhost'),
    'oom': read('/proc/self/oom_score_adj'),
}))
`

describe.skipIf(!(await requireDocker()))('a container', () => {
  it('shows its script what the policy says', async ({ onTestFinished }) => {
    const { stdout, stderr } = await runScript(createContext(onTestFinished), LOOK, {
      resources: { memoryMib: 128, pids: 32, cpus: 1.5, diskMib: 100 },
    })
    expect(stderr.toString()).toBe('')
    const view = viewSchema.parse(JSON.parse(stdout.toString()))

    const uid = process.getuid?.() === 0 ? 65534 : process.getuid?.()
    expect(view.ids.slice(0, 3)).toEqual([uid, uid, uid])
    expect(view.groups).toEqual([])
    expect(view.status).toMatchObject({ NoNewPrivs: '1', Seccomp: '2' })
    for (const set of ['CapEff', 'CapPrm', 'CapInh', 'CapBnd', 'CapAmb'])
      expect(view.status[set]).toMatch(/^0+$/)
    expect(view.interfaces).toEqual(['lo'])
    expect(view.allowed).toEqual([])
    expect(view.writable).toEqual(['/work', '/tmp', '/dev/shm'])
    expect(view.limits).toEqual({ core: 0, nofile: 1024, fsize: 100 * 1024 * 1024 })
    // The shells and the init that start a script are not counted against it.
    expect(view.pids).toBe('37')
    expect(view.cpu).toBe('150000 100000')
    expect(view.memory).toBe(String(128 * 1024 * 1024))
    expect(view.tmp).toMatch(/^rw,nosuid,nodev,.*size=65536k/)
    expect(view.fds).toEqual([])
    expect(view.mounts).toMatchObject({ '/': 'ro', '/work': 'rw', '/rgrid': 'ro', '/etc/hosts': 'ro' })
    expect(view.localhost).toBe('127.0.0.1')
    expect(Number(view.oom)).toBeGreaterThan(0)
  })

  it('has only what the policy says, as the engine tells it', async ({ onTestFinished }) => {
    const script = await startWaiting(createContext(onTestFinished))
    const { HostConfig, Config, Mounts } = await inspect(script)

    expect(HostConfig).toMatchObject({
      AutoRemove: false,
      CapDrop: ['ALL'],
      IpcMode: 'private',
      LogConfig: { Type: 'none' },
      Memory: 256 * 1024 * 1024,
      MemorySwap: 256 * 1024 * 1024,
      NanoCpus: Math.min(2, availableParallelism()) * 1e9,
      PidsLimit: 69,
      Privileged: false,
      ReadonlyRootfs: true,
      RestartPolicy: { Name: 'no' },
      SecurityOpt: ['no-new-privileges', `seccomp=${SECCOMP_PROFILE}`],
    })
    expect([HostConfig.CapAdd ?? [], HostConfig.Devices ?? []]).toEqual([[], []])
    expect(Config).toMatchObject({ Tty: false, OpenStdin: false, NetworkDisabled: true })
    expect(Mounts.map(({ Destination, RW }) => [Destination, RW]).sort()).toEqual([
      ['/etc/hosts', false],
      ['/etc/resolv.conf', false],
      ['/rgrid', false],
      ['/work', true],
    ])
  })

  it('keeps arguments and environment from the engine', async ({ onTestFinished }) => {
    const secret = 'a-secret-that-nobody-may-see'
    const options = { env: { TOKEN: `${secret}-env` }, args: [`${secret}-arg`] }
    const script = await startWaiting(createContext(onTestFinished), options)
    const info = await inspect(script)
    const root = z.object({ DockerRootDir: z.string() }).parse(await docker.info()).DockerRootDir
    const folder = join(root, 'containers', info.Id)
    // Only root may look there.
    const files = process.getuid?.() === 0 ? await readTexts(folder) : []

    expect(JSON.stringify(info)).not.toContain(secret)
    expect(files.filter((text) => text.includes(secret))).toEqual([])
    if (process.getuid?.() === 0) expect(files.length).toBeGreaterThan(1)
  })

  it('is called after its execution once it is worth a look', async ({ onTestFinished }) => {
    const script = await startWaiting(createContext(onTestFinished))
    const name = `/rgrid-${script.request.executionId}-1`

    await expect.poll(async () => (await inspect(script)).Name, { timeout: 10_000 }).toBe(name)
  })

  it('leaves no directory behind', async ({ onTestFinished }) => {
    const script = await runScript(createContext(onTestFinished), 'pass')
    const during = await readdir(join(script.workDir, '..'))
    await script.release()

    expect(during).toEqual(['rgrid', 'work'])
    await expect.poll(() => readdir(join(script.workDir, '..', '..'))).toEqual([])
  })

  it('cannot be left by a script that forks without end', async ({ onTestFinished }) => {
    const source = `
import os
forks = 0
try:
    while True:
        if os.fork() == 0:
            import time
            time.sleep(20)
        forks += 1
except OSError as error:
    print(forks < 64, error.errno, flush=True)
`
    const { stdout, exit } = await runScript(createContext(onTestFinished), source)

    expect([exit.exitCode, stdout.toString()]).toEqual([0, 'True 11\n'])
  })
})

async function startWaiting(
  context: ContractContext,
  options: Parameters<typeof startScript>[2] = {},
): Promise<StartedScript> {
  const script = await startScript(context, 'import time; print("ready"); time.sleep(20)', options)
  await waitForText(script.running.stdout, 'ready')
  return script
}

const inspect = async (script: StartedScript): Promise<Docker.ContainerInspectInfo> =>
  (await findContainer(docker, script)).inspect()

async function readTexts(folder: string): Promise<string[]> {
  const entries = await readdir(folder, { recursive: true, withFileTypes: true })
  const files = entries.filter((entry) => entry.isFile())
  return Promise.all(files.map(({ parentPath, name }) => readFile(join(parentPath, name), 'latin1')))
}
