import { readFile, stat } from 'node:fs/promises'
import { join } from 'node:path'
import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { mkdtemp, rm, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { spawn } from 'node:child_process'
import { once } from 'node:events'
import { createProject } from '../support/project.js'
import { RGRID, rgrid, start, type Outcome } from '../support/rgrid-command.js'

const TICKER = 'for i in 1 2 3 4 5 6 7 8 9 10; do echo tick $i; sleep 0.15; done; exit 3'
const TICKS = Array.from({ length: 10 }, (_, i) => `tick ${i + 1}\n`).join('')

describe('with rgrid up running', () => {
  let home: string
  let up: ReturnType<typeof spawn>
  beforeAll(async () => {
    home = await mkdtemp(join(tmpdir(), 'rgrid-up-'))
    await writeFile(join(home, 'ticker.sh'), TICKER)
    await writeFile(join(home, 'sleeper.sh'), 'echo asleep; sleep 60')
    up = spawn(process.execPath, [RGRID, 'up', '--port', '0', '--executor', 'process'], {
      env: { PATH: process.env['PATH'], HOME: home },
      stdio: ['ignore', 'inherit', 'pipe'],
    })
    if (up.stderr !== null) await once(up.stderr, 'data')
  })
  afterAll(async () => {
    up.kill('SIGTERM')
    await once(up, 'close')
    await rm(home, { recursive: true })
  })

  const run = (...args: string[]): Promise<Outcome> => rgrid(args, { cwd: home, home })
  const detach = async (script: string): Promise<string> => {
    const { stdout } = await run('run', '-d', script)
    expect(String(stdout)).toMatch(/^exec_[0-9a-f]{32}\n$/)
    return String(stdout).trim()
  }
  const read = async (id: string): Promise<Record<string, unknown>> =>
    JSON.parse(String((await run('status', '--json', id)).stdout)) as Record<string, unknown>

  test('its file is for its owner only, and its key is in no argument', async () => {
    const path = join(home, '.rgrid', 'up.json')
    const { apiKey } = JSON.parse(await readFile(path, 'utf8')) as { apiKey: string }

    expect((await stat(path)).mode & 0o777).toBe(0o600)
    expect(await readFile(`/proc/${up.pid ?? 0}/cmdline`, 'utf8')).not.toContain(apiKey)
  })

  test('another terminal starts, follows and awaits an execution', async () => {
    const id = await detach('ticker.sh')

    const [status, logs, wait] = await Promise.all([
      run('status', id),
      run('logs', '-f', id),
      run('wait', id),
    ])

    expect(status).toMatchObject({ code: 0 })
    expect(String(status.stdout)).toContain(id)
    expect([logs.code, String(logs.stdout)]).toEqual([0, TICKS])
    expect(wait.code).toBe(3)
    expect(String((await run('ls', '-q')).stdout).split('\n')).toContain(id)
    expect(await run('logs', id)).toMatchObject({ code: 0, stdout: Buffer.from(TICKS) })
    expect((await run('cancel', id)).code).toBe(1)
  })

  test('another terminal cancels an execution', async () => {
    const id = await detach('sleeper.sh')

    const cancel = await run('cancel', id)
    const wait = await run('wait', id)

    expect([cancel.code, wait.code]).toEqual([0, 130])
    expect(await read(id)).toMatchObject({ status: 'cancelled', cause: 'cancelled' })
  })

  test('killing an attached client never kills its execution', async () => {
    const client = start(['run', '--json', 'ticker.sh'], { cwd: home, home })
    await client.prints('tick 2')
    client.child.kill('SIGKILL')
    await client.ended
    const id = String((await run('ls', '-q', '--limit', '1')).stdout).trim()

    const again = await run('attach', id)

    expect([again.code, String(again.stdout)]).toEqual([3, TICKS])
    expect(await read(id)).toMatchObject({ attempt: 1, cancelRequested: false })
  })

  test('Ctrl-C in logs -f only detaches', async () => {
    const id = await detach('ticker.sh')
    const follower = start(['logs', '-f', id], { cwd: home, home })
    await follower.prints('tick 1')

    follower.child.kill('SIGINT')
    await follower.ended

    expect((await run('wait', id)).code).toBe(3)
  })

  test('Ctrl-C in run cancels the execution', async () => {
    const client = start(['run', 'sleeper.sh'], { cwd: home, home })
    await client.prints('asleep')

    client.child.kill('SIGINT')
    const { code, stdout } = await client.ended

    expect([code, String(stdout)]).toEqual([130, 'asleep\n'])
    expect(await read(String((await run('ls', '-q', '--limit', '1')).stdout).trim())).toMatchObject({
      status: 'cancelled',
    })
  })

  test('a second Ctrl-C leaves at once', async () => {
    const script = await createProject({
      'stubborn.sh': 'trap "" TERM INT; echo ready; sleep 1; sleep 1; sleep 1',
    })
    const client = start(['run', 'stubborn.sh'], { cwd: script, home })
    await client.prints('ready')
    client.child.kill('SIGINT')
    await client.prints('ancel')

    client.child.kill('SIGINT')

    expect((await client.ended).code).toBe(130)
  })

  test('an unknown id and a malformed one are told apart', async () => {
    const unknown = await run('status', 'exec_019a0000000070008000000000000000')
    const malformed = await run('status', 'nonsense')

    expect([unknown.code, malformed.code]).toEqual([1, 2])
    expect([unknown.stderr, malformed.stderr].map((text) => text.trim().split('\n').length)).toEqual([1, 1])
  })
})
