import type { RunnerRecord, RuntimeRecord } from '@rgrid/protocol'
import { describe, expect, it } from 'vitest'
import { createTestContext } from './support/create-test-context.js'

const python: RuntimeRecord = {
  runtime: 'python',
  executor: 'docker',
  image: 'python:3.12-slim',
  command: ['python3', '-u'],
  installer: 'pip',
  extensions: ['.py'],
  programs: ['python3', 'python'],
  runners: 2,
}

const runner: RunnerRecord = {
  id: 'run_019a0000000070008000000000000001',
  name: 'big\x1b',
  slots: 8,
  offers: [
    {
      executor: 'docker',
      runtimes: ['python'],
      details: {},
      resources: { cpus: 4, memoryMib: 8192, pids: 256, diskMib: 5120 },
      networks: ['none'],
      images: [],
    },
    {
      executor: 'process',
      runtimes: ['bash'],
      details: {},
      resources: null,
      networks: ['bridge'],
      images: [],
    },
  ],
  pool: { waiting: 2, starting: 0, hits: 40, misses: 3, waitedMs: 12 },
  holdsBack: null,
  lastSeenAt: new Date().toISOString(),
}

const words = (line: string | undefined): string[] => (line ?? '').trim().split(/ {2,}/)

describe('runtimes', () => {
  it('are listed with what chooses them', async () => {
    const bash: RuntimeRecord = {
      runtime: 'bash',
      executor: 'process',
      image: null,
      command: ['bash'],
      installer: null,
      extensions: [],
      programs: [],
      runners: 1,
    }
    const ruby: RuntimeRecord = { ...python, runtime: 'ruby3.3', extensions: ['.rb'], programs: ['ruby'] }
    const { run, stdout } = createTestContext({ client: { runtimes: async () => [python, bash, ruby] } })

    expect(await run('runtimes')).toBe(0)

    expect(stdout().trimEnd().split('\n').map(words)).toEqual([
      ['RUNTIME', 'EXECUTOR', 'IMAGE', 'COMMAND', 'INSTALLS WITH', 'CHOSEN BY'],
      ['python', 'docker', 'python:3.12-slim', 'python3 -u', 'pip', '.py #!python3 #!python'],
      ['bash', 'process', '-', 'bash', '-', '-'],
      ['ruby3.3', 'docker', 'python:3.12-slim', 'python3 -u', 'pip', '.rb #!ruby'],
    ])
  })

  it('are JSON with --json', async () => {
    const { run, json } = createTestContext({ client: { runtimes: async () => [python] } })

    await run('runtimes', '--json')

    expect(json()).toEqual({ runtimes: [python] })
  })
})

describe('runners', () => {
  it('are listed with their limits and how their waiting containers fare', async () => {
    const { run, stdout } = createTestContext({ client: { runners: async () => [runner] } })

    expect(await run('runners')).toBe(0)

    const [header, line] = stdout().split('\n')
    expect(words(header)).toEqual([
      ...['NAME', 'STATE', 'SLOTS', 'EXECUTORS', 'WAITING', 'HITS', 'MISSES', 'SEEN', 'LIMITS'],
    ])
    expect(words(line?.replace(/\d+ ms ago/, 'now'))).toEqual([
      ...['big\\u{1b}', 'claims', '8', 'docker process', '2', '40', '3', 'now'],
      'docker: 4 CPUs, 8 GiB memory, 256 processes, 5 GiB disk; process: none',
    ])
  })

  it('say why they claim nothing', async () => {
    const holdsBack = '1,203 MiB of disk are free, 2,048 have to stay so'
    const { run, stdout, stderr } = createTestContext({
      client: { runners: async () => [{ ...runner, name: 'full', holdsBack }, runner] },
    })

    expect(await run('runners')).toBe(0)

    const states = stdout()
      .trimEnd()
      .split('\n')
      .map((line) => words(line).slice(0, 2))
    expect(states).toEqual([
      ['NAME', 'STATE'],
      ['full', 'holds back'],
      ['big\\u{1b}', 'claims'],
    ])
    expect(stderr()).toBe(`rgrid: full claims nothing: ${holdsBack}\n`)
  })

  it('are JSON with --json, also when there is none', async () => {
    const { run, json, stderr } = createTestContext({ client: { runners: async () => [] } })

    await run('runners', '--json')

    expect(json()).toEqual({ runners: [] })
    expect(stderr()).toBe('')
  })

  it.for([
    ['embedded', 'rgrid up'],
    ['http://server', 'rgrid runner --url http://server'],
  ] as const)('that are not there are started, at %s, with %s', async ([target, command]) => {
    const { run, stdout, stderr } = createTestContext({
      client: { runners: async () => [], target: async () => target },
    })

    expect(await run('runners')).toBe(0)

    expect(stdout()).toBe('')
    expect(stderr()).toMatch(/^rgrid: .+\n$/)
    expect(stderr()).toContain(command)
  })
})
