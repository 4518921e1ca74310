import { spawn, spawnSync } from 'node:child_process'
import { existsSync } from 'node:fs'
import { appendFile, cp, mkdtemp, readdir, readFile, rm, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { describe, expect, onTestFinished, test } from 'vitest'

const root = fileURLToPath(new URL('../../../', import.meta.url))
const rgrid = join(root, 'packages/rgrid/bin/rgrid.js')
const required = (process.env['RGRID_REQUIRE'] ?? '').split(',')

const hasPython = spawnSync('python3', ['--version']).status === 0
if (!hasPython && required.includes('python'))
  throw new Error('RGRID_REQUIRE names python, but python3 is not there')
const pythonTest = test.skipIf(!hasPython)

interface Outcome {
  readonly code: number | null
  readonly stdout: string
  readonly stderr: string
  /** How long before the end the first output came. */
  readonly firstBeforeEndMs: number
}

interface Place {
  /** A copy of the examples, to write into. */
  readonly examples: string
  exec(command: string, args: readonly string[], cwd: string): Promise<Outcome>
}

/** A copy of the examples and a home of its own, so that nothing of this machine's configuration takes part. */
async function createPlace(): Promise<Place> {
  if (!existsSync(join(root, 'packages/sdk/dist/cli.js'))) throw new Error('run "npm run build" first')
  const directory = await mkdtemp(join(tmpdir(), 'rgrid-examples-'))
  onTestFinished(() => rm(directory, { recursive: true, force: true }))
  const examples = join(directory, 'examples')
  const isResult = (path: string): boolean => /\/(?:report|node_modules)$/.test(path)
  await cp(join(root, 'examples'), examples, { recursive: true, filter: (source) => !isResult(source) })
  const env = { ...process.env, HOME: join(directory, 'home'), RGRID_URL: '', XDG_DATA_HOME: '' }
  return { examples, exec: (command, args, cwd) => exec(command, args, cwd, env) }
}

function exec(
  command: string,
  args: readonly string[],
  cwd: string,
  env: Record<string, string | undefined>,
): Promise<Outcome> {
  return new Promise((resolve, reject) => {
    const child = spawn(command, args, { cwd, env, stdio: ['ignore', 'pipe', 'pipe'] })
    const texts = { stdout: '', stderr: '' }
    let firstAt = Infinity
    for (const stream of ['stdout', 'stderr'] as const)
      child[stream].setEncoding('utf8').on('data', (text: string) => {
        if (stream === 'stdout') firstAt = Math.min(firstAt, performance.now())
        texts[stream] += text
      })
    child.once('error', reject)
    child.once('close', (code) => resolve({ code, ...texts, firstBeforeEndMs: performance.now() - firstAt }))
  })
}

const hasPerl = spawnSync('perl', ['-v']).status === 0

const run = (place: Place, args: readonly string[], cwd: string): Promise<Outcome> =>
  place.exec(process.execPath, [rgrid, 'run', ...args], cwd)

describe('hello', () => {
  pythonTest('in Python', async () => {
    const place = await createPlace()

    const outcome = await run(place, ['hello.py'], join(place.examples, 'hello'))

    expect(outcome).toMatchObject({
      code: 0,
      stdout: expect.stringMatching(/^Hello from Python 3\.\d+!\n$/) as string,
    })
  })

  test('in Node', async () => {
    const place = await createPlace()

    const outcome = await run(place, ['hello.mjs'], join(place.examples, 'hello'))

    expect(outcome).toMatchObject({
      code: 0,
      stdout: expect.stringMatching(/^Hello from Node \d+!\n$/) as string,
    })
  })

  test('in bash, with an argument', async () => {
    const place = await createPlace()

    const outcome = await run(place, ['hello.sh', 'everyone'], join(place.examples, 'hello'))

    expect(outcome).toMatchObject({ code: 0, stdout: 'Hello from everyone!\n' })
  })

  pythonTest('from code, with nothing configured', async () => {
    const place = await createPlace()
    const code = `import('@rgrid/sdk').then(async ({ run }) => {
      const result = await run('examples/hello/hello.py')
      process.exit(result.exitCode)
    })`

    expect(await place.exec(process.execPath, ['-e', code], root)).toMatchObject({ code: 0, stderr: '' })
  })
})

describe('csv-report', () => {
  const args = ['examples/csv-report/report.py', 'examples/csv-report/sales.csv']

  pythonTest('prints the same and leaves the same files as python3 itself', async () => {
    const [bare, remote] = [await createPlace(), await createPlace()]
    const bareRoot = join(bare.examples, '..')
    const remoteRoot = join(remote.examples, '..')

    const expected = await bare.exec('python3', args, bareRoot)
    const outcome = await run(remote, args, remoteRoot)

    expect(expected.code, expected.stderr).toBe(0)
    expect(outcome, outcome.stderr).toMatchObject({ code: 0, stdout: expected.stdout })
    expect((await readdir(remoteRoot)).toSorted()).toEqual(['examples', 'home', 'report'])
    expect((await readdir(join(remoteRoot, 'report'))).toSorted()).toEqual(['chart.svg', 'summary.json'])
    for (const name of ['report/chart.svg', 'report/summary.json'])
      expect(await readFile(join(remoteRoot, name))).toEqual(await readFile(join(bareRoot, name)))
    expect(await readdir(join(remote.examples, 'csv-report'))).toEqual(
      await readdir(join(bare.examples, 'csv-report')),
    )
  })

  pythonTest('shows its progress while it works', async () => {
    const place = await createPlace()

    const outcome = await run(place, ['report.py', 'sales.csv'], join(place.examples, 'csv-report'))

    expect(outcome.stdout.split('\n').length).toBeGreaterThan(10)
    // The script alone pauses for a second between its first line and its last.
    expect(outcome.firstBeforeEndMs).toBeGreaterThan(800)
  })

  pythonTest('says how it is used, and its exit code comes through', async () => {
    const place = await createPlace()

    const outcome = await run(place, ['report.py'], join(place.examples, 'csv-report'))

    expect(outcome).toMatchObject({ code: 1, stdout: '' })
    expect(outcome.stderr).toMatch(/^usage: report\.py SALES\.csv$/m)
  })
})

describe('outputs', () => {
  pythonTest('brings home what is asked for, and nothing else', async () => {
    const place = await createPlace()
    const folder = join(place.examples, 'outputs')

    const outcome = await run(place, ['--output', 'out/**', 'thumbnails.py'], folder)

    expect(outcome).toMatchObject({ code: 0, stdout: 'drew 24 pictures\n' })
    expect((await readdir(folder)).toSorted()).toEqual(['README.md', 'out', 'thumbnails.py'])
    expect(await readdir(join(folder, 'out'))).toHaveLength(25)
  })
})

describe('node-app', () => {
  // In place and not in the copy: it finds the packages of this repository.
  const main = join(root, 'examples/node-app/main.mjs')

  pythonTest('shows the stream, the result and the file', async () => {
    const place = await createPlace()

    const outcome = await place.exec(process.execPath, [main], tmpdir())

    expect(outcome).toMatchObject({ code: 0, stderr: 'counting poem.txt\n' })
    expect(outcome.stdout.split('\n')).toEqual([
      'line 1: 4 words',
      'line 2: 6 words',
      'line 3: 5 words',
      'line 4: 5 words',
      'completed with exit code 0',
      'count.txt: 20 words in all',
      '',
    ])
  })

  test('is a package of its own that no workspace knows', async () => {
    const manifest = JSON.parse(await readFile(join(root, 'examples/node-app/package.json'), 'utf8')) as {
      private: boolean
    }
    const { workspaces } = JSON.parse(await readFile(join(root, 'package.json'), 'utf8')) as {
      workspaces: string[]
    }

    expect(manifest.private).toBe(true)
    expect(workspaces.some((path) => path.startsWith('examples'))).toBe(false)
  })
})

describe('local-modules', () => {
  const words = ['to', 'be', 'or', 'not', 'to', 'be']

  pythonTest.for([
    ['python3', 'main.py'],
    [process.execPath, 'main.mjs'],
  ] as const)('runs with %s as at home', async ([program, script]) => {
    const place = await createPlace()
    const folder = join(place.examples, 'local-modules')
    const bare = await place.exec(
      program,
      [...(script === 'main.py' ? ['-B'] : []), script, ...words],
      folder,
    )

    const outcome = await run(place, [script, ...words], folder)

    expect(outcome).toMatchObject({ code: 0, stdout: 'be: 2, not: 1, or: 1, to: 2\n' })
    expect(bare.stdout).toBe(outcome.stdout)
    expect((await readdir(folder, { recursive: true })).join()).not.toContain('__pycache__')
  })

  test('lists what would travel', async () => {
    const place = await createPlace()

    const outcome = await run(place, ['--dry-run', 'main.py'], join(place.examples, 'local-modules'))

    expect(outcome.code).toBe(0)
    expect(outcome.stdout).toMatch(/^tally\/show\.py +\d+ +imported by tally\/count\.py line 3$/m)
  })
})

test('cached-report runs only when something changed', async () => {
  const place = await createPlace()
  const folder = join(place.examples, 'cached-report')
  const args = ['--executor', 'process', '--cache-network', 'report.py', 'sales.csv']

  const first = await run(place, args, folder)
  await rm(join(folder, 'report.txt'))
  const second = await run(place, args, folder)
  const report = await readFile(join(folder, 'report.txt'), 'utf8')
  await appendFile(join(folder, 'sales.csv'), 'plums,5\n')
  const third = await run(place, args, folder)

  expect(first).toMatchObject({ code: 0, stdout: 'reading sales.csv\n7 in all\n' })
  expect(first.stderr).toContain('not cached: nothing like it has asked the cache before')
  expect(second).toMatchObject({ code: 0, stdout: first.stdout })
  expect(second.stderr).toMatch(/^rgrid: completed, from the cache \(exec_\w+\), saved report\.txt/)
  expect(report).toBe('2 sales, 7 in all\n')
  expect(third).toMatchObject({ code: 0, stdout: 'reading sales.csv\n12 in all\n' })
  expect(third.stderr).toContain('not cached: input sales.csv changed')
})

test('flaky is tried again and brings its file home', async () => {
  const place = await createPlace()
  const folder = join(place.examples, 'flaky')

  const outcome = await run(place, ['--retry', 'exit:75=3', 'fetch.sh'], folder)

  const output = ['attempt 1: asking for the data', 'attempt 2: asking for the data', 'saved data.csv', '']
  expect(outcome).toMatchObject({ code: 0, stdout: output.join('\n') })
  expect(outcome.stderr).toMatch(
    /(?:^|\n)the source is busy\nrgrid: attempt 1 ended with exit code 75; tried again in \d\.\d s\n/,
  )
  expect(await readFile(join(folder, 'data.csv'), 'utf8')).toBe('name,amount\n')
})

describe('batch-words', () => {
  test('runs once for each text, and then for the one that has changed', async () => {
    const place = await createPlace()
    const folder = join(place.examples, 'batch-words')
    const args = ['--executor', 'process', '--batch', 'texts/**/*.txt', '--parallel', '2', 'count.mjs']

    const first = await run(place, args, folder)
    await writeFile(join(folder, 'texts/rain.txt'), 'Sun.')
    const second = await run(place, [...args, '{}'], folder)
    const third = await run(place, args, folder)

    expect(first).toMatchObject({ code: 0, stdout: '' })
    expect(first.stderr).toMatch(/^rgrid: 4 of 4 completed, .*, files in outputs, batch_\w+\n$/)
    expect(second.stderr).toContain('4 of 4 completed, 3 as they ran before')
    expect(third.stderr).toContain('4 of 4 completed, 4 as they ran before')
    expect((await readdir(join(folder, 'outputs'))).toSorted()).toEqual([
      'letters',
      'rain.txt',
      'sea.txt',
      'snow.txt',
    ])
    expect(await readFile(join(folder, 'outputs/rain.txt/words.json'), 'utf8')).toContain('"words": 1')
    expect(await readFile(join(folder, 'outputs/letters/anna.txt/words.json'), 'utf8')).toContain(
      '"words": 10',
    )
  })
})

describe('own-runtimes', () => {
  test.skipIf(!hasPerl)('runs a script by its extension', async () => {
    const place = await createPlace()
    const folder = join(place.examples, 'own-runtimes')
    const words = ['to', 'be', 'or', 'not', 'to', 'be']
    const command = 'RGRID_RUNTIMES=$PWD/runtimes.json exec "$@"'
    // The images of the table are not here.
    const rest = ['run', '--executor', 'process', 'words.pl', ...words]

    const outcome = await place.exec('sh', ['-c', command, 'sh', process.execPath, rgrid, ...rest], folder)

    expect(outcome).toMatchObject({ code: 0, stdout: 'be: 2\nnot: 1\nor: 1\nto: 2\n', stderr: '' })
  })
})

test('every example has a page that names its command', async () => {
  const index = await readFile(join(root, 'examples/README.md'), 'utf8')
  const folders = (await readdir(join(root, 'examples'), { withFileTypes: true })).filter((entry) =>
    entry.isDirectory(),
  )

  expect(folders.length).toBeGreaterThan(2)
  for (const { name } of folders) {
    expect(await readFile(join(root, 'examples', name, 'README.md'), 'utf8')).toMatch(/^(?:npx rgrid|node) /m)
    expect(index).toContain(`[${name}](${name}/)`)
  }
})
