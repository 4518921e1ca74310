import { createServer, type Server } from 'node:http'
import { lookup } from 'node:dns/promises'
import { once } from 'node:events'
import { readdir, readFile } from 'node:fs/promises'
import type { AddressInfo } from 'node:net'
import { networkInterfaces } from 'node:os'
import { join } from 'node:path'
import { describe, expect, onTestFinished, test } from 'vitest'
import { hasDocker } from '../support/requirements.js'
import { askEngine, getHome, listContainers, readLaunch } from './support/engine.js'
import { createStage } from './support/stage.js'

const KNOCK = `
import socket, sys
for target in sys.argv[1:]:
    host, port = target.rsplit(':', 1)
    try:
        socket.create_connection((host, int(port)), 2).close()
        print('reached', target)
    except OSError: pass
for name in ('metadata.google.internal', 'example.com', 'rgrid', 'host.docker.internal'):
    try:
        if socket.gethostbyname(name) != '127.0.0.1': print('found', name)
    except OSError: pass
query = b'\\x12\\x34\\x01\\0\\0\\x01\\0\\0\\0\\0\\0\\0\\x06secret\\x07example\\x03com\\0\\0\\x01\\0\\x01'
for server in ('8.8.8.8', '127.0.0.11', '127.0.0.53', '10.0.0.2'):
    try:
        udp = socket.socket(socket.AF_INET, socket.SOCK_DGRAM)
        udp.settimeout(0.5)
        udp.sendto(query, (server, 53))
        udp.recv(512)
        print('answered', server)
    except OSError: pass
print('knocked')
`

/** A server of this machine on all of its addresses, that counts its guests. */
async function listenEverywhere(): Promise<{ server: Server; port: number; count: () => number }> {
  let guests = 0
  const server = createServer((_, response) => response.end('ok')).listen(0, '0.0.0.0')
  server.on('connection', () => guests++)
  await once(server, 'listening')
  onTestFinished(() => {
    server.closeAllConnections()
    server.close()
  })
  return { server, port: (server.address() as AddressInfo).port, count: () => guests }
}

const getOwnAddresses = (): string[] =>
  Object.values(networkInterfaces()).flatMap((all = []) =>
    all.map(({ address }) => address.split('%')[0] ?? ''),
  )

const reachesRegistry = await canReachRegistry()

describe.runIf(await hasDocker())('what a hostile script reaches', () => {
  const stage = createStage()
  const cpus = 1

  test('H39: nothing of this machine, its network and the server, without a network', async () => {
    const { port, count } = await listenEverywhere()
    const serverPort = new URL(stage.world.url).port
    const hosts = [...new Set(['127.0.0.1', '172.17.0.1', 'localhost', ...getOwnAddresses()])]
    const targets = [
      ...hosts.flatMap((host) => [`${host}:${port}`, `${host}:${serverPort}`, `${host}:22`]),
      ...['169.254.169.254:80', 'fd00:ec2::254:80', '8.8.8.8:53', '1.1.1.1:443'],
    ]

    const { stdout } = await stage.run(KNOCK, { cpus, args: targets })

    expect(stdout).toBe('knocked\n')
    expect(count()).toBe(0)
  })

  test('H39: not another container', async () => {
    const listener = stage.world.run(
      `import socket, time\ns = socket.create_server(('0.0.0.0', 8765)); print('up', flush=True); time.sleep(30)`,
      { cpus, network: 'bridge' },
    )
    for await (const { text } of listener.logs()) if (text !== '') break
    const container = await stage.world.findContainer(listener.id)
    const info = await askEngine('GET', `/containers/${container?.Id}/json`)
    const address = /"IPAddress":"([\d.]+)"/.exec(info)?.[1] ?? ''
    const { stdout } = await stage.run(KNOCK, { cpus, args: [`${address}:8765`] })
    await listener.cancel()
    await stage.finish(listener)

    expect(address).toMatch(/^\d+\.\d+\.\d+\.\d+$/)
    expect(stdout).toBe('knocked\n')
  })

  test('H39: what it is given a network for, with one', async () => {
    const { port, count } = await listenEverywhere()
    const gateway = Object.entries(networkInterfaces()).find(([name]) => name === 'docker0')?.[1]?.[0]
      ?.address
    const target = `${gateway ?? '172.17.0.1'}:${port}`

    const { stdout } = await stage.run(KNOCK, { cpus, args: [target], network: 'bridge' })

    expect(stdout).toContain(`reached ${target}\n`)
    expect(count()).toBeGreaterThan(0)
  })

  test.runIf(reachesRegistry)('H39: the registry, with a network', async () => {
    const source = `
import ssl, urllib.request
# The image need not know the authority that this machine's network signs with.
context = ssl._create_unverified_context()
print(urllib.request.urlopen('https://pypi.org/simple/pip/', timeout=10, context=context).status)
`
    const { stdout, stderr } = await stage.run(source, { cpus, network: 'bridge' })

    expect([stdout, stderr]).toEqual(['200\n', ''])
  })

  test.concurrent('H35: nothing of the kernel that could be changed', async () => {
    const source = `
import os
paths = ['/proc/sys/kernel/core_pattern', '/proc/sysrq-trigger', '/proc/sys/kernel/modprobe',
         '/sys/kernel/uevent_helper', '/sys/kernel/mm/transparent_hugepage/enabled', '/proc/sys/vm/overcommit_memory']
for folder, _, names in os.walk('/sys/fs/cgroup'):
    paths += [os.path.join(folder, name) for name in names]
    if len(paths) > 3000: break
opened = []
for path in paths:
    try: os.close(os.open(path, os.O_WRONLY)); opened.append(path)
    except OSError: pass
for action in (lambda: os.mkdir('/sys/fs/cgroup/memory/x'), lambda: os.mkdir('/sys/fs/cgroup/x'), lambda: os.mkdir('/proc/x')):
    try: action(); opened.append('made')
    except OSError: pass
print(len(paths) > 10, opened)
for path in ('/proc/kcore', '/proc/keys', '/dev/mem', '/dev/sda', '/dev/kmsg', '/proc/timer_list', '/proc/sched_debug'):
    try:
        data = open(path, 'rb').read(10)
        if data: print('read', path)
    except OSError: pass
# Not everywhere, and never more than a link to what was tried above.
print(sorted(set(os.listdir('/dev')) - {'core'}))
`
    const { stdout } = await stage.run(source, { cpus })

    const [first, second, ...more] = stdout.trim().split('\n')
    const devices = 'fd full mqueue null ptmx pts random shm stderr stdin stdout tty urandom zero'.split(' ')
    expect([first, more]).toEqual(['True []', []])
    expect(second).toBe(`[${devices.map((name) => `'${name}'`).join(', ')}]`)
  })

  test.concurrent('H31: no other user, group or name space', async () => {
    const source = `
import ctypes, os
libc = ctypes.CDLL(None, use_errno=True)
def errno(call, *args):
    return 0 if call(*args) == 0 else ctypes.get_errno()
results = {
    'mount': errno(libc.mount, b'none', b'/tmp', b'tmpfs', 0, None), 'umount': errno(libc.umount2, b'/tmp', 0),
    'chroot': errno(libc.chroot, b'/tmp'), 'setuid': errno(libc.setuid, 0), 'setgid': errno(libc.setgid, 0),
    **{name: errno(libc.unshare, flag) for name, flag in (('user', 0x10000000), ('mnt', 0x20000), ('net', 0x40000000), ('pid', 0x20000000))},
    'setns': errno(libc.setns, os.open('/proc/self/ns/net', os.O_RDONLY), 0),
    'pivot': errno(libc.syscall, 155, b'/tmp', b'/tmp'),
}
print(sorted(name for name, error in results.items() if error == 0))
`
    const { stdout } = await stage.run(source, { cpus })

    expect(stdout).toBe('[]\n')
  })

  test('I8: no argument, environment value or secret is in what the engine knows of any container', async () => {
    const secret = 'canary-of-an-execution'
    const options = { cpus, env: { TOKEN: `${secret}-env` }, args: [`${secret}-arg`] }
    const running = stage.world.run('print("up", flush=True)\nimport time; time.sleep(30)', options)
    for await (const { text } of running.logs()) if (text !== '') break
    await stage.run('pass', options)
    const root = /"DockerRootDir":"([^"]+)"/.exec(await askEngine('GET', '/info'))?.[1] ?? ''
    const containers = await listContainers(stage.world.instance)
    const texts = await Promise.all(containers.map(({ Id }) => readAllOf(Id, root)))
    const held = await stage.world.findContainer(running.id)
    const launch = held === undefined ? '' : readLaunch(getHome(held))
    // What was stopped and not removed yet.
    await askEngine('POST', `/containers/${held?.Id}/pause`)
    await askEngine('POST', `/containers/${held?.Id}/unpause`)
    const ended = running.then((result) => result.id)
    await running.cancel()
    await ended
    const after = held === undefined ? '' : await readAllOf(held.Id, root).catch(() => '')
    await stage.finish(running)

    expect(containers.length).toBeGreaterThan(1)
    expect(launch).toContain(secret)
    expect([...texts, after].filter((text) => text.includes(secret))).toEqual([])
    expect(texts.every((text) => text.length > 1_000)).toBe(true)
  })
})

async function readAllOf(id: string, root: string): Promise<string> {
  const folder = join(root, 'containers', id)
  const inspected = await askEngine('GET', `/containers/${id}/json`)
  const entries = await readdir(folder, { recursive: true, withFileTypes: true }).catch(() => [])
  const files = entries.filter((entry) => entry.isFile())
  const texts = await Promise.all(
    files.map(({ parentPath, name }) => readFile(join(parentPath, name), 'latin1').catch(() => '')),
  )
  return [inspected, ...texts].join('\n')
}

/** Whether this machine can, without which a container cannot. */
async function canReachRegistry(): Promise<boolean> {
  try {
    await lookup('pypi.org')
    return (await fetch('https://pypi.org/simple/pip/', { signal: AbortSignal.timeout(5_000) })).ok
  } catch {
    return false
  }
}
