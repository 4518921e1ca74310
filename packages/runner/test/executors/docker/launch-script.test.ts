import { execFileSync, spawnSync } from 'node:child_process'
import { chmodSync, mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { describe, expect, it, onTestFinished, test } from 'vitest'
import {
  formatLaunchScript,
  quote,
  toWords,
  type LaunchScript,
} from '../../../src/executors/docker/launch-script.js'

const SHELLS = [['/bin/sh'], ['dash'], ['bash'], ['bash', '--posix'], ['busybox', 'sh']].filter(
  ([program = '', ...options]) => spawnSync(program, [...options, '-c', 'exit 0']).status === 0,
)

const AWKWARD = [
  '',
  ' ',
  'a b',
  "'",
  "''",
  "it's",
  '"',
  '$HOME',
  '$(touch /tmp/owned)',
  '`id`',
  '${IFS}',
  '\\',
  '\\\\',
  "\\'",
  '\\n',
  '\n',
  'one\ntwo\n',
  '\r\n',
  '\t',
  '!',
  '!!',
  '#',
  '# no comment',
  ';',
  '&&',
  '|',
  '> /tmp/owned',
  '*',
  '?',
  '[a-z]',
  '{a,b}',
  '~',
  '~root',
  '-n',
  '--',
  '-e',
  '=',
  'a=b',
  '%s%n',
  '\x01\x02\x7f',
  '\x1b[2J',
  'é ü 日本 😀',
  '\u202e',
  'x'.repeat(100_000),
  "'".repeat(1_000),
]

/** What the script that is started shows of itself. */
const SHOW = `process.stdout.write(JSON.stringify({ argv: process.argv.slice(1), env: process.env }))`

interface Shown {
  readonly argv: readonly string[]
  readonly env: Readonly<Record<string, string>>
}

function launch(shell: readonly string[], options: Partial<LaunchScript>): Shown {
  const folder = mkdtempSync(join(tmpdir(), 'rgrid-launch-'))
  onTestFinished(() => rmSync(folder, { recursive: true }))
  const text = formatLaunchScript({
    executionId: 'exec_1',
    attempt: 2,
    command: [process.execPath, '-e', SHOW, '--'],
    baseEnv: { HOME: '/tmp' },
    script: 'script.js',
    args: [],
    env: {},
    inputBytes: 0,
    deadlineMs: 1,
    ...options,
  })
  writeFileSync(join(folder, 'launch'), text)
  const [program = '', ...rest] = shell
  // As the waiting shell reads it: in a subshell of its own, with an environment of its own.
  writeFileSync(join(folder, 'boot'), `(. ${join(folder, 'launch')}) </dev/null`)
  const output = execFileSync(program, [...rest, join(folder, 'boot')], {
    env: { PATH: '/usr/bin:/bin' },
    maxBuffer: 1e8,
    stdio: ['ignore', 'pipe', 'pipe'],
  })
  return JSON.parse(output.toString()) as Shown
}

describe.each(SHELLS.map((shell) => [shell.join(' '), shell] as const))('by %s', (_, shell) => {
  it('arguments arrive as they are', () => {
    const { argv } = launch(shell, { args: AWKWARD })

    expect(argv).toEqual(['script.js', ...AWKWARD])
  })

  it('values of the environment arrive as they are', () => {
    const env = Object.fromEntries(AWKWARD.map((value, at) => [`V${at}`, value]))

    expect(launch(shell, { env }).env).toMatchObject(env)
  })

  it('names that mean something to a shell are set all the same', () => {
    const names =
      'IFS OPTIND PPID UID EUID RANDOM SECONDS LINENO PWD OLDPWD PS1 PS4 ENV BASH_ENV SHELLOPTS BASHOPTS POSIXLY_CORRECT MAIL _'
    const env = Object.fromEntries(names.split(' ').map((name) => [name, "it's $x"]))
    const shown = launch(shell, {
      env: { ...env, PATH: '/nowhere', LD_LIBRARY_PATH: '/nowhere', HOME: '/x' },
    }).env

    // Programs that set it know themselves by it.
    const { _: last, ...rest } = env
    expect(shown).toMatchObject({ ...rest, PATH: '/nowhere', HOME: '/x' })
    expect(last).toBeDefined()
  })

  it('names of variables of the launch itself are not taken from it', () => {
    const env = { rgrid_env: '/evil', rgrid_code: '1', rgrid_order: 'x', status: 'y', pid: 'z', IFS: '/' }

    expect(launch(shell, { env }).env).toMatchObject(env)
  })

  it('only what was said is in the environment', () => {
    const { env } = launch(shell, { env: { A: 'b' } })
    const own = new Set(['PATH', 'PWD', 'OLDPWD', 'SHLVL', '_'])

    expect(Object.fromEntries(Object.entries(env).filter(([name]) => !own.has(name)))).toEqual({
      A: 'b',
      HOME: '/tmp',
      RGRID_EXECUTION_ID: 'exec_1',
      RGRID_ATTEMPT: '2',
    })
  })

  it('a script whose name looks like an option, or like a program of a shell, is a word', () => {
    expect(launch(shell, { script: "-c '$(id)' é.js" }).argv).toEqual(['--', "-c '$(id)' é.js"])
  })

  it('what the environment names first is the real env', () => {
    const folder = mkdtempSync(join(tmpdir(), 'rgrid-fake-'))
    onTestFinished(() => rmSync(folder, { recursive: true }))
    mkdirSync(join(folder, 'bin'))
    writeFileSync(join(folder, 'bin', 'env'), '#!/bin/sh\necho fake\n')
    chmodSync(join(folder, 'bin', 'env'), 0o755)

    expect(launch(shell, { env: { PATH: join(folder, 'bin'), IFS: 'x' } }).env).toMatchObject({ IFS: 'x' })
  })
})

test('there is more than one shell to try', () => {
  expect(SHELLS.length).toBeGreaterThan(1)
})

test('a word is made of any text', () => {
  expect([quote(''), quote("it's")]).toEqual(["''", String.raw`'it'\''s'`])
  expect([toWords('a.py'), toWords('-a.py')]).toEqual([['a.py'], ['--', '-a.py']])
})
