import { execFile } from 'node:child_process'
import { cp, readdir, readFile } from 'node:fs/promises'
import { join } from 'node:path'
import { promisify } from 'node:util'
import { describe, expect, onTestFinished, test } from 'vitest'
import { createProject } from '../support/project.js'
import { hasDocker } from '../support/requirements.js'
import { rgrid, ROOT, start } from '../support/rgrid-command.js'

const COMMAND = ['examples/csv-report/report.py', 'examples/csv-report/sales.csv']

async function copyExample(): Promise<string> {
  const directory = await createProject({})
  for (const file of COMMAND) await cp(join(ROOT, file), join(directory, file), { recursive: true })
  return directory
}

async function readTree(directory: string): Promise<Record<string, string>> {
  const entries = await readdir(directory, { recursive: true, withFileTypes: true })
  const files = entries
    .filter((entry) => entry.isFile())
    .map(({ parentPath, name }) => join(parentPath, name))
  return Object.fromEntries(
    await Promise.all(
      files.map(async (file) => [file.slice(directory.length), await readFile(file, 'base64')] as const),
    ),
  )
}

const docker = await hasDocker()

describe('rgrid run prints the bytes and leaves the files of the bare script', () => {
  test.for([
    ['embedded', 'process', true],
    ['embedded', 'docker', docker],
    ['HTTP', 'process', true],
    ['HTTP', 'docker', docker],
  ] as const)('%s, %s', async ([way, executor, available], { skip }) => {
    if (!available) skip('no Docker engine answers')
    const [bare, grid, home] = [await copyExample(), await copyExample(), await createProject({})]
    const { stdout: expected } = await promisify(execFile)('python3', COMMAND, {
      cwd: bare,
      encoding: 'buffer',
    })
    if (way === 'HTTP') {
      const up = start(['up', '--port', '0'], { home })
      onTestFinished(async () => {
        up.child.kill('SIGTERM')
        await up.ended
      })
      await up.prints('http://')
    }

    const outcome = await rgrid(['run', '--executor', executor, ...COMMAND], { cwd: grid, home })

    expect(outcome).toMatchObject({ code: 0 })
    expect(outcome.stdout.equals(expected)).toBe(true)
    expect(await readTree(grid)).toEqual(await readTree(bare))
  })
})
