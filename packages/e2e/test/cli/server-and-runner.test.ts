import { join } from 'node:path'
import { describe, expect, test } from 'vitest'
import { createProject } from '../support/project.js'
import { rgrid, start, type Started } from '../support/rgrid-command.js'

interface Announcement {
  readonly url: string
  readonly keys?: { readonly admin: string; readonly runner: string }
}

async function startServer(home: string, ...flags: string[]): Promise<Announcement & { server: Started }> {
  const server = start(['server', '--json', '--port', '0', '--data-dir', join(home, 'data'), ...flags], {
    home,
  })
  await server.prints('Ctrl-C')
  const [line = ''] = server.printed().split('\n')
  return { server, ...(JSON.parse(line) as Announcement) }
}

async function stop({ child, ended }: Started): Promise<number | null> {
  child.kill('SIGTERM')
  return (await ended).code
}

describe('rgrid server and rgrid runner', () => {
  test('run scripts for whoever has a key, and show the first keys once', async () => {
    const home = await createProject({ 'hello.sh': 'echo "hello $1"; echo made > made.txt' })
    const { server, url, keys } = await startServer(home, '--allow-process')
    const { admin = '', runner: runnerKey = '' } = keys ?? {}
    const flags = ['--url', url, '--executor', 'process', '--allow-process']
    const runner = start(['runner', ...flags], { home, env: { RGRID_API_KEY: runnerKey } })
    const client = { home, cwd: home, env: { RGRID_URL: url, RGRID_API_KEY: admin } }

    const run = await rgrid(['run', 'hello.sh', 'world'], client)
    const asRunner = await rgrid(['ls'], { ...client, env: { RGRID_URL: url, RGRID_API_KEY: runnerKey } })
    const codes = [await stop(runner), await stop(server)]
    const again = await startServer(home)

    expect([run.code, String(run.stdout)]).toEqual([0, 'hello world\n'])
    expect(asRunner.code).toBe(4)
    expect(codes).toEqual([0, 0])
    expect(again.keys).toBe(undefined)
  })

  test('find each other again when the server was away', async () => {
    const home = await createProject({ 'hello.sh': 'echo hello' })
    const first = await startServer(home, '--allow-process')
    const { admin = '', runner: key = '' } = first.keys ?? {}
    const flags = ['--url', first.url, '--executor', 'process', '--allow-process']
    const runner = start(['runner', ...flags], { home, env: { RGRID_API_KEY: key } })
    await runner.prints('takes executions')

    await stop(first.server)
    await startServer(home, '--allow-process', '--port', first.url.split(':')[2] ?? '')
    const env = { RGRID_URL: first.url, RGRID_API_KEY: admin }

    expect(await rgrid(['run', 'hello.sh'], { home, cwd: home, env })).toMatchObject({ code: 0 })
    expect(runner.child.exitCode).toBe(null)
  })

  test('refuse plain processes unless both were told to allow them', async () => {
    const home = await createProject({})
    const { url, keys } = await startServer(home)
    const env = { RGRID_API_KEY: keys?.runner ?? '' }

    const careless = await rgrid(['runner', '--url', url, '--executor', 'process'], { home, env })
    const refused = await rgrid(['runner', '--url', url, '--executor', 'process', '--allow-process'], {
      home,
      env,
    })

    expect([careless.code, careless.stderr]).toEqual([2, expect.stringContaining('--allow-process')])
    expect([refused.code, refused.stderr]).toEqual([4, expect.stringContaining('--allow-process')])
  })

  test('a port that is taken is said in one line', async () => {
    const home = await createProject({})
    const { url } = await startServer(home)

    const second = await rgrid(['server', '--port', url.split(':')[2] ?? ''], {
      home: await createProject({}),
    })

    expect(second.code).toBe(1)
    expect(second.stderr.trim().split('\n')).toEqual([
      expect.stringMatching(/port \d+ is taken by another program: choose one with --port/),
    ])
  })
})
