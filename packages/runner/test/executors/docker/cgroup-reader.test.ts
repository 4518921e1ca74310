import { mkdir, mkdtemp, rm, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { dirname, join } from 'node:path'
import { expect, it, onTestFinished } from 'vitest'
import { createCgroupReader } from '../../../src/executors/docker/cgroup-reader.js'

it.for([
  [
    'version 1',
    {
      'cpuacct/docker/id/cpuacct.usage': '1500000000\n',
      'cpuacct/docker/id/cgroup.procs': '7\n8\n',
      'memory/docker/id/memory.max_usage_in_bytes': '4096\n',
      'memory/docker/id/memory.oom_control': 'oom_kill_disable 0\nunder_oom 0\noom_kill 3\n',
    },
  ],
  [
    'version 1 under systemd',
    {
      'cpuacct/system.slice/docker-id.scope/cpuacct.usage': '1500000000\n',
      'cpuacct/system.slice/docker-id.scope/cgroup.procs': '7\n8\n',
      'memory/system.slice/docker-id.scope/memory.max_usage_in_bytes': '4096\n',
      'memory/system.slice/docker-id.scope/memory.oom_control': 'oom_kill 3\n',
    },
  ],
  [
    'version 2',
    {
      'docker/id/cpu.stat': 'usage_usec 1500000\nuser_usec 1\n',
      'docker/id/cgroup.procs': '7\n8\n',
      'docker/id/memory.peak': '4096\n',
      'docker/id/memory.events': 'low 0\noom 4\noom_kill 3\noom_group_kill 0\n',
    },
  ],
  [
    'version 2 of an older Linux, under systemd',
    {
      'system.slice/docker-id.scope/cgroup.procs': '7\n8\n',
      'system.slice/docker-id.scope/cpu.stat': 'usage_usec 1500000\n',
      'system.slice/docker-id.scope/memory.current': '4096\n',
      'system.slice/docker-id.scope/memory.events': 'oom_kill 3\n',
    },
  ],
] as const)('reads %s', async ([, files]) => {
  const root = await mkdtemp(join(tmpdir(), 'rgrid-cgroup-'))
  onTestFinished(() => rm(root, { recursive: true, force: true }))
  const read = createCgroupReader('id', root)
  const before = read()
  for (const [path, text] of Object.entries(files)) {
    await mkdir(dirname(join(root, path)), { recursive: true })
    await writeFile(join(root, path), text)
  }
  const during = read()
  await rm(root, { recursive: true })

  expect(before).toBeUndefined()
  expect(during).toEqual({ processes: 2, cpuSeconds: 1.5, peakMemoryBytes: 4096, oomKills: 3 })
  expect(read()).toBeUndefined()
})
