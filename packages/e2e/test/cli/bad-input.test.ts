import { execFileSync } from 'node:child_process'
import { once } from 'node:events'
import { readFile } from 'node:fs/promises'
import { createServer } from 'node:http'
import type { AddressInfo } from 'node:net'
import { join } from 'node:path'
import { describe, expect, onTestFinished, test } from 'vitest'
import { createProject } from '../support/project.js'
import { RGRID, rgrid, start, type CommandOptions, type Outcome } from '../support/rgrid-command.js'

const FILES = {
  'ok.sh': 'echo ran > ran.txt',
  'broken.env': 'A=1\nnot a pair\n',
  'empty.sh': '',
  'huge.sh': `#${'x'.repeat(1024 * 1024)}`,
  'table.csv': '1,2',
  'ok.py': 'open("ran.txt", "w")',
  'loop.txt': '-r gone.txt',
}

async function refuse(
  args: string[],
  options: Partial<CommandOptions> = {},
): Promise<Outcome & { home: string; cwd: string }> {
  const cwd = await createProject(FILES)
  const home = await createProject({})
  execFileSync('mkfifo', [join(cwd, 'fifo.sh')])
  return { ...(await rgrid(args, { cwd, home, ...options })), home, cwd }
}

const lines = (text: string): string[] => text.trimEnd().split('\n')

describe('bad input ends with one clear line, exit code 2, and nothing started', () => {
  test.for<[string, string[], RegExp]>([
    ['a missing script', ['nope.py'], /"nope\.py" cannot be found/],
    ['a directory as script', ['.'], /"\." is a directory/],
    ['a FIFO as script', ['fifo.sh'], /"fifo\.sh" is not a regular file/],
    ['a device as script', ['/dev/zero'], /"\/dev\/zero" is not a regular file/],
    ['an empty script', ['empty.sh'], /"empty\.sh" is empty/],
    ['a script over the limit', ['huge.sh'], /over the limit of 1048576 bytes/],
    ['a script of no known kind', ['table.csv'], /"table\.csv"/],
    ['an unknown runtime', ['--runtime', 'cobol', 'ok.sh'], /"cobol": choose one of .*bash/],
    ['a runtime with a typo', ['--runtime', 'bsh', 'ok.sh'], /"bsh": did you mean "bash"\?/],
    ['a runtime that is no name', ['--runtime', 'PYTHON:3.11', 'ok.sh'], /"PYTHON:3\.11" is not the name/],
    ['an unknown executor', ['--executor', 'magic', 'ok.sh'], /magic/],
    ['an unknown option', ['--nonsense', 'ok.sh'], /--nonsense/],
    ['a timeout of zero', ['--timeout', '0', 'ok.sh'], /timeout/],
    ['a timeout over the limit', ['--timeout', '25h', 'ok.sh'], /86400000/],
    ['a memory of nothing', ['--memory', '0', 'ok.sh'], /--memory/],
    ['a size of no known unit', ['--disk', '5x', 'ok.sh'], /--disk.*64m/],
    ['more CPUs than the limit', ['--cpus', '2000', 'ok.sh'], /cpus: 2000 .* 1024/],
    ['an unknown network', ['--network', 'host', 'ok.sh'], /none, bridge/],
    ['an image that is no name', ['--image', 'A B', 'ok.sh'], /image: 'A B'/],
    ['requirements of a bash script', ['--requirements', 'loop.txt', 'ok.sh'], /requirements: .* bash/],
    ['requirements that are missing', ['--requirements', 'nope.txt', 'ok.py'], /"nope\.txt" .*ENOENT/],
    ['requirements that name a missing file', ['--requirements', 'loop.txt', 'ok.py'], /"gone\.txt".*ENOENT/],
    ['a broken line of an env file', ['--env-file', 'broken.env', 'ok.sh'], /broken\.env.*2/],
    ['an environment name with a space', ['-e', 'A B=1', 'ok.sh'], /A B/],
    ['an environment without a name', ['-e', '=1', 'ok.sh'], /=1|env/],
    ['an environment name of RGrid', ['-e', 'RGRID_X=1', 'ok.sh'], /RGRID_/],
    ['too many arguments', ['ok.sh', ...Array<string>(257).fill('x')], /limit of 256 arguments/],
    ['an argument over the limit', ['ok.sh', 'x'.repeat(125_000)], /limit of 122880 bytes/],
    [
      'an executor that this machine lacks',
      ['--executor', 'docker', 'ok.sh'],
      /no connected runner offers bash on docker/,
    ],
    ['no script', [], /script/],
    ['a detached run without a server', ['-d', 'ok.sh'], /rgrid up/],
  ])('%s', async ([, args, message]) => {
    const { code, stdout, stderr, home, cwd } = await refuse(['run', ...args], {
      env: { DOCKER_HOST: 'unix:///nonexistent/docker.sock' },
    })

    expect([code, String(stdout)]).toEqual([2, ''])
    expect(stderr).toMatch(message)
    expect(lines(stderr)).toHaveLength(1)
    expect(String((await rgrid(['ls', '-q'], { home, cwd })).stdout)).toBe('')
  })
})

test('a table of runtimes that is wrong ends with one clear line that names the field', async () => {
  const cwd = await createProject({ 'runtimes.json': '{ "perl5": { "image": "a" } }', 'a.pl': 'print 1' })
  const home = await createProject({})
  const file = join(cwd, 'runtimes.json')

  const { code, stderr } = await rgrid(['run', 'a.pl'], { cwd, home, env: { RGRID_RUNTIMES: file } })

  expect([code, stderr]).toEqual([
    2,
    `rgrid: RGRID_RUNTIMES: ${file}: perl5.command: is missing: a runtime of your own needs one\n`,
  ])
})

describe('a server that cannot be used ends with one clear line', () => {
  const answering = async (
    status: number,
    headers: Record<string, string>,
    body: string,
  ): Promise<string> => {
    const server = createServer(
      (_request, response) => void response.writeHead(status, headers).end(body),
    ).listen(0, '127.0.0.1')
    onTestFinished(() => void server.close())
    await once(server, 'listening')
    return `http://127.0.0.1:${(server.address() as AddressInfo).port}`
  }
  const against = (url: string, key = `sk_0123456789abcdef_${'x'.repeat(43)}`): Promise<Outcome> =>
    refuse(['run', 'ok.sh'], { env: { RGRID_URL: url, RGRID_API_KEY: key } })

  test('when none answers', async () => {
    const { code, stderr } = await against('http://127.0.0.1:4')

    expect([code, lines(stderr)]).toEqual([
      125,
      [expect.stringMatching(/no answer from http:\/\/127\.0\.0\.1:4 \(ECONNREFUSED\)/)],
    ])
  })

  test('when the URL is none', async () => {
    const { code, stderr } = await against('localhost:8080')

    expect([code, lines(stderr)]).toEqual([
      2,
      [expect.stringContaining('"localhost:8080" is not the URL of a server')],
    ])
  })

  test('when only the project names it, so that the key is not sent', async () => {
    const cwd = await createProject({ ...FILES, '.rgrid/config.toml': 'url = "http://127.0.0.1:4"' })

    const { code, stderr } = await refuse(['run', 'ok.sh'], { cwd, env: { RGRID_API_KEY: 'sk_1' } })

    expect([code, lines(stderr)]).toEqual([
      4,
      [expect.stringContaining('RGRID_API_KEY is not sent to http://127.0.0.1:4')],
    ])
  })

  test('when it answers with HTML', async () => {
    const { code, stderr } = await against(
      await answering(200, { 'content-type': 'text/html' }, '<h1>Hello</h1>'),
    )

    expect([code, lines(stderr)]).toEqual([125, [expect.stringContaining('is not an RGrid server')]])
  })

  test('when it redirects elsewhere, where the key is not sent', async () => {
    const { code, stderr } = await against(await answering(302, { location: 'http://127.0.0.1:9/' }, ''))

    expect([code, lines(stderr)]).toEqual([
      125,
      [expect.stringContaining('redirects to http://127.0.0.1:9/')],
    ])
  })

  test('when it refuses the key', async () => {
    const home = await createProject({})
    const up = start(['up', '--port', '0', '--executor', 'process'], { home })
    await up.prints('http://')
    const { url } = JSON.parse(await readFile(join(home, '.rgrid', 'up.json'), 'utf8')) as { url: string }

    const { code, stderr } = await against(url)
    const malformed = await against(url, 'nonsense')

    expect([code, lines(stderr)]).toEqual([4, [expect.stringContaining('no valid API key')]])
    expect([malformed.code, lines(malformed.stderr).length]).toEqual([4, 1])
  })
})

describe('streams', () => {
  test('a reader that goes away ends the command quietly', async () => {
    const cwd = await createProject({
      'many.sh': 'i=0; while [ $i -lt 20000 ]; do echo line $i; i=$((i+1)); done',
    })
    const home = await createProject({})
    const command = `"${process.execPath}" "${RGRID}" run --executor process many.sh 2>err.txt | head -n 1; cat err.txt >&2`

    const out = execFileSync('bash', ['-c', command], {
      cwd,
      env: { PATH: process.env['PATH'], HOME: home },
      stdio: ['ignore', 'pipe', 'pipe'],
    })

    expect(String(out)).toBe('line 0\n')
    expect(execFileSync('cat', ['err.txt'], { cwd }).toString()).not.toMatch(/EPIPE|Error|at /)
  })

  test.for<[string, string, number]>([
    ['its own exit code', 'exit 7', 7],
    ['128 + n for a signal', 'kill -9 $$', 137],
    ['124 for a timeout', 'sleep 60', 124],
  ])('the exit code is %s', async ([, script, code]) => {
    const cwd = await createProject({ 's.sh': script })
    const home = await createProject({})

    expect(
      await rgrid(['run', '--executor', 'process', '--timeout', '2s', 's.sh'], { cwd, home }),
    ).toMatchObject({ code })
  })
})
