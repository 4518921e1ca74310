import Docker from 'dockerode'
import { existsSync, mkdirSync, mkdtempSync, readFileSync, rmSync, statSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { dirname, join } from 'node:path'
import { setTimeout as sleep } from 'node:timers/promises'
import { describe, expect, it, onTestFinished } from 'vitest'
import { createFreezer } from '../../../src/executors/docker/freeze.js'
import { listProcesses, readProcesses } from '../../../src/executors/docker/list-processes.js'
import { DEFAULT_SOCKET_PATH } from '../../../src/executors/docker/is-engine-answering.js'
import { startScript, waitForFile } from '../contract/start-script.js'
import { findContainer } from '../find-container.js'
import { createTestExecutor, requireDocker } from '../require-docker.js'

const docker = new Docker({ socketPath: DEFAULT_SOCKET_PATH })
const BEAT = `
import time
while True:
    with open('beat', 'a') as file: file.write('.')
    time.sleep(0.01)
`

function createRoot(files: Readonly<Record<string, string>>): string {
  const root = mkdtempSync(join(tmpdir(), 'rgrid-cgroup-'))
  onTestFinished(() => rmSync(root, { recursive: true }))
  for (const [path, text] of Object.entries(files)) {
    mkdirSync(dirname(join(root, path)), { recursive: true })
    writeFileSync(join(root, path), text)
  }
  return root
}

const container = docker.getContainer('id')

describe('a freezer', () => {
  it.for([
    ['version 1', 'freezer/docker/id/freezer.state', 'FROZEN', 'THAWED', {}],
    ['version 1 under systemd', 'freezer/system.slice/docker-id.scope/freezer.state', 'FROZEN', 'THAWED', {}],
    [
      'version 2',
      'docker/id/cgroup.freeze',
      '1',
      '0',
      { 'docker/id/cgroup.events': 'populated 1\nfrozen 1\n' },
    ],
    [
      'version 2 under systemd',
      'system.slice/docker-id.scope/cgroup.freeze',
      '1',
      '0',
      { 'system.slice/docker-id.scope/cgroup.events': 'populated 1\nfrozen 1\n' },
    ],
  ] as const)('writes to the control group of %s', async ([, path, frozen, thawed, files]) => {
    const root = createRoot({ [path]: '', ...files })
    const freezer = createFreezer(container, root)
    const read = (): string => readFileSync(join(root, path), 'utf8')

    await freezer.freeze()
    const during = read()
    await freezer.thaw()

    expect([during, read()]).toEqual([frozen, thawed])
  })

  it('gives up, and lets go, when something does not stop', async () => {
    const path = 'docker/id/cgroup.freeze'
    const root = createRoot({ [path]: '', 'docker/id/cgroup.events': 'populated 1\nfrozen 0\n' })

    await expect(createFreezer(container, root).freeze()).rejects.toThrow('does not stop')
    expect(readFileSync(join(root, path), 'utf8')).toBe('0')
  })
})

describe.skipIf(!(await requireDocker()))('in a real container', () => {
  const start = async (onFinished: typeof onTestFinished) => {
    const context = {
      onTestFinished: onFinished,
      create: (instance: string, directory: string) => createTestExecutor(instance, directory),
      countLeft: async () => 0,
    }
    const script = await startScript(context, BEAT)
    const beat = join(script.workDir, 'beat')
    await waitForFile(beat)
    const held = await findContainer(docker, script)
    const beats = async (): Promise<boolean> => {
      const { size } = statSync(beat)
      await sleep(300)
      return statSync(beat).size > size
    }
    return { held, beats, script }
  }

  it.for([
    ['its control group', '/sys/fs/cgroup'],
    ['the engine', '/nowhere'],
  ] as const)('stops all and lets it go on, by %s', async ([, root], { onTestFinished }) => {
    const { held, beats } = await start(onTestFinished)
    const freezer = createFreezer(held, root)
    await freezer.freeze()
    const during = await beats()
    await freezer.thaw()

    expect([during, await beats()]).toEqual([false, true])
  })

  it.skipIf(!existsSync('/sys/fs/cgroup'))(
    'lists the processes, as the engine does',
    async ({ onTestFinished }) => {
      const { held } = await start(onTestFinished)
      const seen = await listProcesses(held)

      expect(seen.length).toBeGreaterThanOrEqual(3)
      expect(seen.every((pid) => existsSync(`/proc/${pid}`))).toBe(true)
      expect(readProcesses('no-such-container')).toBeUndefined()
    },
  )
})
