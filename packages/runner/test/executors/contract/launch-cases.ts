import { environmentsSchema, RUNTIMES } from '@rgrid/protocol'
import { existsSync } from 'node:fs'
import { access, mkdir, symlink, writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { setTimeout as sleep } from 'node:timers/promises'
import { expect, vi } from 'vitest'
import { z } from 'zod'
import { StartError, type Place } from '../../../src/executors/executor.js'
import type { ContractCase, ContractContext } from './contract-context.js'
import { createExecutor, readOutput, runScript, startScript } from './start-script.js'

const AWKWARD = [
  '',
  ' ',
  'a b',
  `it's "quoted"`,
  'two\nlines\n',
  '$(id) `id` $HOME',
  '-rf',
  '--',
  '\\n\\',
  'ü 漢字 🚀',
  '*',
  '\t',
]

const reportSchema = z.object({
  argv: z.array(z.string()),
  env: z.record(z.string(), z.string()),
  cwd: z.string(),
})

const REPORT = `
import json, os, sys
print(json.dumps({'argv': sys.argv, 'env': dict(os.environ), 'cwd': os.getcwd()}))
`

/** Arguments arrive as they were given. */
export async function checkArguments(context: ContractContext): Promise<void> {
  const { stdout } = await runScript(context, REPORT, { args: AWKWARD })

  expect(parseReport(stdout).argv.slice(1)).toEqual(AWKWARD)
}

/** Environment values arrive as they were given, under any name that is allowed. */
export async function checkEnvironment(context: ContractContext): Promise<void> {
  const values = AWKWARD.map((value, index): [string, string] => [`VALUE_${index}`, value])
  const env = Object.fromEntries([...values, ['UID', 'x'], ['_under', 'x']])
  const { stdout } = await runScript(context, REPORT, { env })

  expect(parseReport(stdout).env).toMatchObject(env)
}

/** The longest argument and environment that are allowed arrive. */
export async function checkLongText(context: ContractContext): Promise<void> {
  const long = `${"'".repeat(60_000)}end`
  const { stdout } = await runScript(context, REPORT, { args: [long], env: { LONG: long } })
  const { argv, env } = parseReport(stdout)

  expect([argv[1] === long, env['LONG'] === long]).toEqual([true, true])
}

/** The script knows which execution it is. */
export async function checkIdentity(context: ContractContext): Promise<void> {
  const { stdout, request } = await runScript(context, REPORT, { attempt: 2 })

  expect(parseReport(stdout).env).toMatchObject({
    RGRID_EXECUTION_ID: request.executionId,
    RGRID_ATTEMPT: '2',
  })
}

const MARK = `open('started', 'w').close()`
const LONG_ENOUGH_MS = 300

/** The script starts when it may, and not before. */
export async function checkPermission(context: ContractContext): Promise<void> {
  let mayStart = false
  let wasStarted = true
  const permission = sleep(LONG_ENOUGH_MS).then(() => (mayStart = true))
  const started = await startScript(context, MARK, {
    mayStart: permission.then(() => undefined),
    async onPlace({ workDir }) {
      void permission.then(() => (wasStarted = existsSync(join(workDir, 'started'))))
    },
  })
  const couldStart = mayStart
  const { exitCode } = await started.running.exit

  expect([couldStart, wasStarted, exitCode]).toEqual([true, false, 0])
}

/** The script does not start when it may not, and whoever wanted it to hears why. */
export async function checkRefusal(context: ContractContext): Promise<void> {
  const refusal = Promise.reject(new Error('you may not'))
  refusal.catch(() => undefined)
  let workDir = ''
  const starting = startScript(context, MARK, {
    mayStart: refusal,
    onPlace: async (place) => void (workDir = place.workDir),
  })

  await expect(starting).rejects.toThrow('you may not')
  await sleep(LONG_ENOUGH_MS)
  expect(existsSync(join(workDir, 'started'))).toBe(false)
}

/** Nothing of the runner's environment reaches the script. */
export async function checkNoLeak(context: ContractContext): Promise<void> {
  vi.stubEnv('RGRID_API_KEY', 'canary-of-the-runner')
  vi.stubEnv('CANARY', 'canary-of-the-runner')
  context.onTestFinished(() => void vi.unstubAllEnvs())
  const { stdout } = await runScript(context, REPORT)

  expect(stdout.toString()).not.toContain('canary-of-the-runner')
}

/** The script runs in its workspace, and is called by its path there. */
export async function checkWorkingDirectory(context: ContractContext): Promise<void> {
  const source = `
import sys
with open('beside.txt', 'w') as file: file.write(sys.argv[0])
`
  const script = 'some folder/déjà.py'
  const ended = await runScript(context, source, { script })

  expect(ended.exit).toMatchObject({ cause: 'exit', exitCode: 0 })
  expect(await readOutput(ended, 'beside.txt')).toBe(script)
}

/** The script may read and change what is in the workspace; the runner may read and remove what it left. */
export async function checkFiles(context: ContractContext): Promise<void> {
  const source = `
import os
with open('given/input.txt') as file: text = file.read()
with open('given/input.txt', 'a') as file: file.write(' and more')
os.makedirs('made/by/script')
with open('made/by/script/result.txt', 'w') as file: file.write(text.upper())
os.chmod('made/by/script/result.txt', 0o600)
`
  const ended = await runScript(context, source, {
    async onPlace({ workDir }) {
      await mkdir(join(workDir, 'given'), { recursive: true })
      await writeFile(join(workDir, 'given/input.txt'), 'text')
    },
  })
  const { workDir, release } = ended

  expect([ended.exit.exitCode, ended.stderr.toString()]).toEqual([0, ''])
  expect(await readOutput(ended, 'made/by/script/result.txt')).toBe('TEXT')
  expect(await readOutput(ended, 'given/input.txt')).toBe('text and more')
  await release()
  await expect(access(workDir)).rejects.toThrow('ENOENT')
}

/** A symbolic link of the workspace leads where it leads to, and is not told to stay behind. */
export async function checkLinks(context: ContractContext): Promise<void> {
  const { stdout, skipped } = await runScript(context, `print(open('links/latest').read())`, {
    async onPlace({ workDir }) {
      await mkdir(join(workDir, 'links'))
      await symlink('../script.py', join(workDir, 'links/latest'))
    },
  })

  expect([stdout.toString(), skipped]).toEqual([`print(open('links/latest').read())\n`, []])
}

/** Standard input is there and empty. */
export async function checkStdin(context: ContractContext): Promise<void> {
  const { stdout, exit } = await runScript(context, 'import sys; print(len(sys.stdin.buffer.read()))')

  expect([exit.exitCode, stdout.toString()]).toEqual([0, '0\n'])
}

/** A file of the workspace is the standard input where the launch says so, also for what the script starts. */
export async function checkStdinFile(context: ContractContext): Promise<void> {
  const text = `two lines\n${'x'.repeat(100_000)} and 'no' end`
  const python = `
import os, subprocess, sys
print(sys.stdin.readline(), end='')
sys.stdin.seek(4)
print(sys.stdin.read(), end='', flush=True)
os.lseek(0, 0, os.SEEK_SET)
subprocess.run(['cat'], check=True)
`
  const given = {
    stdin: "given/it's here.txt",
    async onPlace({ workDir }: Place) {
      await mkdir(join(workDir, 'given'), { recursive: true })
      await writeFile(join(workDir, "given/it's here.txt"), text)
    },
  }
  const executor = createExecutor(context)
  const [read, copied] = await Promise.all([
    runScript(context, python, { executor, ...given }),
    runScript(context, 'cat', { executor, runtime: 'bash', script: 'a.sh', ...given }),
  ])

  expect([read.exit.exitCode, read.stderr.toString()]).toEqual([0, ''])
  expect(read.stdout.toString() === `two lines\n${text.slice(4)}${text}`).toBe(true)
  expect(copied.stdout.toString() === text).toBe(true)
}

/** What a script prints is seen at once, not when it ends. */
export async function checkUnbuffered(context: ContractContext): Promise<void> {
  const { running } = await startScript(context, 'import time; print("now", end=""); time.sleep(25)')
  const first = await new Promise<string>((resolve) => {
    running.stdout.once('data', (chunk: Buffer) => resolve(chunk.toString()))
    void running.exit.then(() => resolve('only at the end'))
    setTimeout(resolve, 10_000, 'not at once').unref()
  })

  expect(first).toBe('now')
}

/** A bash script runs as one. */
export async function checkBash(context: ContractContext): Promise<void> {
  const source = 'words=(one "two three"); echo "${#words[@]} $0 $1"'
  const { stdout } = await runScript(context, source, { runtime: 'bash', script: 'a.sh', args: ['x y'] })

  expect(stdout.toString()).toBe('2 a.sh x y\n')
}

/** A runtime of the table's own runs its scripts, with the arguments that it has. */
export async function checkOwnRuntime(context: ContractContext): Promise<void> {
  const executor = createExecutor(context)
  const offers = await executor.describe()
  const source = 'print "warnings $^W, $0 @ARGV\\n"; exit 3;'
  const { exit, stdout } = await runScript(context, source, {
    executor,
    runtime: 'perl5',
    script: 'a.pl',
    args: ['x y'],
  })

  expect(offers.flatMap(({ runtimes }) => runtimes)).toContain('perl5')
  expect(offers.find(({ details }) => 'perl5' in details)?.details['perl5']).toMatchObject({
    command: [expect.stringMatching(/perl$/), '-w'],
    installer: null,
    extensions: ['.pl'],
    programs: ['perl'],
  })
  expect([exit.exitCode, stdout.toString()]).toEqual([3, 'warnings 1, a.pl x y\n'])
}

/** A runtime that is not there is said before anything starts. */
export async function checkMissingRuntime(context: ContractContext): Promise<void> {
  const executor = createExecutor(context)
  const [{ runtimes: there }] = await executor.describe()
  const missing = RUNTIMES.find((runtime) => !there.includes(runtime))
  if (missing === undefined) throw new Error('every runtime is there: nothing to try this with')
  const start = startScript(context, 'pass', { executor, runtime: missing })

  expect(there).toContain('python')
  const error: unknown = await start.then(
    () => undefined,
    (reason: unknown) => reason,
  )
  expect(error).toBeInstanceOf(StartError)
  expect(String(error)).toContain(missing)
}

/** What a script runs in is what is listed for its runtime, and the same each time. */
export async function checkEnvironments(context: ContractContext): Promise<void> {
  const executor = createExecutor(context)
  const [{ runtimes: there }] = await executor.describe()
  const { runtimes } = environmentsSchema.parse(await executor.listEnvironments())
  const said: (string | undefined)[][] = []
  for (const runtime of ['python', 'node', 'bash', 'python']) {
    const { place, release } = await startScript(context, '', { executor, runtime })
    said.push([runtime, place.environment])
    await release()
  }

  expect(Object.keys(runtimes).toSorted()).toEqual(there.toSorted())
  expect(said).toEqual(said.map(([runtime = '']) => [runtime, runtimes[runtime]]))
  expect(runtimes['python']).not.toBe(runtimes['node'])
}

const parseReport = (stdout: Buffer): z.infer<typeof reportSchema> =>
  reportSchema.parse(JSON.parse(stdout.toString()))

/** What holds for the start of a script. */
export const LAUNCH_CASES: readonly ContractCase[] = [
  { title: 'hands over arguments exactly', check: checkArguments },
  { title: 'hands over the environment exactly', check: checkEnvironment },
  { title: 'hands over the longest argument and environment value', check: checkLongText },
  { title: 'tells the script which execution and attempt it is', check: checkIdentity },
  { title: 'starts the script when it may', check: checkPermission },
  { title: 'starts nothing when it may not', check: checkRefusal },
  { title: "keeps the runner's environment to itself", check: checkNoLeak },
  { title: 'runs the script in its workspace by its relative path', check: checkWorkingDirectory },
  { title: 'shares the files of the workspace both ways', check: checkFiles },
  { title: 'keeps symbolic links', check: checkLinks },
  { title: 'gives an empty standard input', check: checkStdin },
  { title: 'gives a file as standard input', check: checkStdinFile },
  { title: 'shows what Python prints at once', check: checkUnbuffered },
  { title: 'runs bash scripts', check: checkBash },
  { title: "runs scripts of a runtime of the table's own", check: checkOwnRuntime },
  { title: 'says what a script runs in as it lists it', check: checkEnvironments },
  { title: 'throws a StartError where a runtime is missing', check: checkMissingRuntime },
]
