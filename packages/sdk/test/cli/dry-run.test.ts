import { LIMITS } from '@rgrid/protocol'
import { mkdir, truncate } from 'node:fs/promises'
import { join } from 'node:path'
import { describe, expect, it } from 'vitest'
import { createClient } from '../../src/create-client.js'
import type { Result } from '../../src/types.js'
import { createDirectory } from '../temporary-directory.js'
import { createTestContext } from './support/create-test-context.js'
import { createFakeExecution } from './support/fake-execution.js'

/** A command line over a client that cannot send anything. */
async function setUp(files: Record<string, string>, folder = '.', result: Partial<Result> = {}) {
  const root = await createDirectory(files)
  const cwd = join(root, folder)
  await mkdir(cwd, { recursive: true })
  const fetch = () => Promise.reject(new Error('something was sent'))
  const { plan } = createClient({ url: 'http://server', fetch })
  const run = () => createFakeExecution({ result }).execution
  return { root, ...createTestContext({ client: { plan, run }, cwd }) }
}

const FILES = {
  'main.py': 'import os\nimport lib.a',
  'lib/a.py': '',
  'data/b.csv': '1,2',
  'requirements.txt': 'rich',
}

describe('a dry run', () => {
  it('lists what would travel and why, and sends nothing', async () => {
    const { run, stdout, stderr } = await setUp(FILES)

    expect(await run('run', '--dry-run', 'main.py', 'data')).toBe(0)

    expect(stdout().split('\n')).toEqual([
      'FILE              BYTES  WHY',
      'main.py           22     script',
      'data/b.csv        3      argument 1',
      'lib/a.py          0      imported by main.py line 2',
      'requirements.txt  4      requirements',
      '',
    ])
    expect(stderr()).toBe('rgrid: 4 files with 29 bytes would travel; nothing was sent\n')
  })

  it('prints the same as JSON', async () => {
    const { run, json, stderr, root } = await setUp(FILES)

    await run('run', '--dry-run', '--json', 'main.py', './data')

    expect(json()).toEqual({
      script: 'main.py',
      args: ['./data'],
      runtime: 'python',
      files: [
        { path: 'main.py', source: join(root, 'main.py'), sizeBytes: 22, reason: { kind: 'script' } },
        {
          path: 'data/b.csv',
          source: join(root, 'data/b.csv'),
          sizeBytes: 3,
          reason: { kind: 'argument', index: 0 },
        },
        {
          path: 'lib/a.py',
          source: join(root, 'lib/a.py'),
          sizeBytes: 0,
          reason: { kind: 'import', by: 'main.py', line: 2 },
        },
        {
          path: 'requirements.txt',
          source: join(root, 'requirements.txt'),
          sizeBytes: 4,
          reason: { kind: 'requirements' },
        },
      ],
      folders: ['data'],
      left: [],
    })
    expect(stderr()).toBe('')
  })

  it('says what an import would need and cannot have', async () => {
    const { run, stderr } = await setUp({ 'src/main.mjs': 'import "../b.mjs"', 'b.mjs': '' }, 'src')

    expect(await run('run', '--dry-run', 'main.mjs')).toBe(0)

    expect(stderr()).toMatch(
      /^rgrid: \.\.\/b\.mjs \(imported by main\.mjs line 1\) is outside the current directory .*: run from above it\n/,
    )
  })

  it('is made for a script that failed, to say what it may have missed', async () => {
    const { run, stderr } = await setUp({ 'src/main.mjs': 'import "../b.mjs"', 'b.mjs': '' }, 'src', {
      status: 'failed',
      exitCode: 1,
    })

    expect(await run('run', 'main.mjs')).toBe(1)

    expect(stderr()).toBe(
      'rgrid: ../b.mjs (imported by main.mjs line 1) is outside the current directory and stays here: run from above it\n',
    )
  })

  it('lists what --no-upload leaves', async () => {
    const { run, stdout, stderr } = await setUp(FILES)

    await run('run', '--dry-run', '--no-upload', '--no-dependencies', '-q', 'main.py', 'data')

    expect([stdout(), stderr()]).toEqual(['FILE     BYTES  WHY\nmain.py  22     script\n', ''])
  })

  it('fails as the run would', async () => {
    const { run, stderr } = await setUp({})

    expect(await run('run', '--dry-run', 'main.py')).toBe(2)

    expect(stderr()).toMatch(/^rgrid: script: "main.py" cannot be found/)
  })

  it('reads nothing of what is large', async () => {
    const { run, stdout, stderr, root } = await setUp({ 'main.py': 'pass', large: '' })
    const size = LIMITS.inputBytes - 'pass'.length
    await truncate(join(root, 'large'), size)

    expect(await run('run', '--dry-run', 'main.py', 'large')).toBe(0)
    await truncate(join(root, 'large'), size + 1)
    expect(await run('run', '--dry-run', 'main.py', 'large')).toBe(2)

    expect(stdout()).toContain(String(size))
    expect(stderr()).toContain(`rgrid: files: over the limit of ${LIMITS.inputBytes} bytes together`)
  })
})
