import { execFile, spawn } from 'node:child_process'
import { once } from 'node:events'
import { readFile } from 'node:fs/promises'
import { promisify } from 'node:util'
import { describe, expect, test } from 'vitest'
import { createProject } from './support/project.js'
import { ROOT } from './support/rgrid-command.js'

const execute = promisify(execFile)

const evaluate = async (code: string): Promise<{ stdout: string; stderr: string }> => {
  const env = { PATH: process.env['PATH'], HOME: await createProject({}) }
  return execute(process.execPath, ['--input-type=module', '-e', code], { cwd: ROOT, env })
}

describe('a program with nothing configured', () => {
  test('runs a script from one line', async () => {
    const line = `import('@rgrid/sdk').then(async ({run}) => { const r = await run('examples/hello/hello.py'); process.exit(r.exitCode) })`

    await expect(evaluate(line)).resolves.toEqual({ stdout: '', stderr: '' })
  })

  test('ends by itself when its execution has ended', async () => {
    const code = `import { run } from '@rgrid/sdk'
      const { stdout, exitCode } = await run('examples/hello/hello.sh')
      process.stdout.write(stdout + exitCode)`

    expect((await evaluate(code)).stdout).toMatch(/^Hello .*\n0$/)
  })

  test('can require the SDK', async () => {
    const { stdout } = await execute(process.execPath, ['-p', 'typeof require("@rgrid/sdk").run'], {
      cwd: ROOT,
    })

    expect(stdout).toBe('function\n')
  })

  test.for(['SIGINT', 'SIGTERM'] as const)('takes its script along when %s ends it', async (signal) => {
    const cwd = await createProject({ 'sleeper.sh': 'echo $$; exec sleep 300' })
    const code = `import { run } from '@rgrid/sdk'
      for await (const { text } of run('sleeper.sh', { cwd: ${JSON.stringify(cwd)}, executor: 'process' })) process.stdout.write(text)`
    const env = { PATH: process.env['PATH'], HOME: await createProject({}) }
    const child = spawn(process.execPath, ['--input-type=module', '-e', code], {
      cwd: ROOT,
      env,
      stdio: ['ignore', 'pipe', 'inherit'],
    })
    const [printed] = (await once(child.stdout, 'data')) as [Buffer]

    child.kill(signal)
    await once(child, 'close')

    await expect.poll(() => isAlive(Number(String(printed)))).toBe(false)
  })
})

/** Whether a process runs; one that has ended but that nobody has waited for does not. */
async function isAlive(pid: number): Promise<boolean> {
  const stat = await readFile(`/proc/${pid}/stat`, 'utf8').catch(() => undefined)
  return stat !== undefined && !stat.includes(') Z ')
}
