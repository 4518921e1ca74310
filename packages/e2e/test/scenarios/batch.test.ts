import type { BatchOptions, BatchResult } from '@rgrid/sdk'
import { readdir, readFile, rm, writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { afterAll, beforeAll, describe, expect, onTestFinished, test, vi } from 'vitest'
import { createProject } from '../support/project.js'
import { start } from '../support/rgrid-command.js'
import { hasDocker } from '../support/requirements.js'
import { KINDS, type World } from '../support/worlds.js'

const PARALLEL = 8
const SLOTS = 12

// The times are taken by the scripts themselves, and what ran is noted where it outlives its workspace.
const SCRIPT = `
start=$EPOCHREALTIME
read -r text < "$1"
sleep 0.02
[ -z "$RUNS" ] || echo "$1" >> "$RUNS"
printf '%s %s %s' "$start" "$EPOCHREALTIME" "\${text^^}" > out.txt
`

const WAYS = [
  { name: 'embedded, process', count: 300, open: () => KINDS.embeddedProcess.open(SLOTS), runs: true },
  { name: 'HTTP, process', count: 300, open: () => KINDS.httpProcess.open(SLOTS), runs: true },
  { name: 'HTTP, docker', count: 16, open: () => KINDS.httpDocker.open(), runs: false },
]

const isDockerThere = await hasDocker()

const nameOf = (index: number): string => `in/${String(index).padStart(3, '0')}.txt`

async function createInputs(count: number): Promise<string> {
  const inputs = Array.from({ length: count }, (_, index) => [nameOf(index), `text ${index}\n`])
  return createProject({ 'script.sh': SCRIPT, ...(Object.fromEntries(inputs) as Record<string, string>) })
}

interface Interval {
  readonly start: number
  readonly end: number
}

/** How many of the scripts ran at one instant, at most. */
function findOverlap(intervals: readonly Interval[]): number {
  const steps = intervals
    .flatMap(({ start, end }) => [
      { at: start, step: 1 },
      { at: end, step: -1 },
    ])
    .sort((one, other) => one.at - other.at)
  let now = 0
  return Math.max(...steps.map(({ step }) => (now += step)))
}

describe.for(WAYS)('a batch: $name', ({ name, count, open, runs }) => {
  const isThere = !name.includes('docker') || isDockerThere
  const parallel = Math.min(PARALLEL, count / 8)
  let world: World
  beforeAll(async () => {
    if (isThere) world = await open()
  })
  afterAll(async () => {
    if (isThere) await world.close()
  })

  const collect = async (options: BatchOptions): Promise<BatchResult[]> => {
    const results: BatchResult[] = []
    for await (const result of world.client.batch('script.sh', options)) results.push(result)
    return results
  }
  const newOnes = (results: readonly BatchResult[]): string[] =>
    results.filter(({ reused }) => !reused).map((result) => result.name)

  test.skipIf(!isThere)(
    'runs as many at once as it may, gives all outputs, and then only runs what is missing or changed',
    async () => {
      const cwd = await createInputs(count)
      const log = join(cwd, 'runs.txt')
      const readRuns = async (): Promise<string[]> => (await readFile(log, 'utf8')).trim().split('\n')
      const options = { cwd, each: 'in/*.txt', parallel, ...(runs ? { env: { RUNS: log } } : {}) }

      const first = await collect(options)
      const outputs = await Promise.all(
        first.map(async ({ index, artifacts }) => {
          const [start, end, ...text] = (await artifacts[0]?.text())?.split(' ') ?? []
          return { index, start: Number(start), end: Number(end), text: text.join(' ') }
        }),
      )

      expect(findOverlap(outputs)).toBeGreaterThan(1)
      expect(findOverlap(outputs)).toBeLessThanOrEqual(parallel)
      expect(outputs.every(({ index, text }) => text === `TEXT ${index}`)).toBe(true)
      expect(new Set(outputs.map(({ index }) => index)).size).toBe(count)
      if (runs) expect((await readRuns()).sort()).toEqual(first.map(({ index }) => nameOf(index)).sort())

      const again = await collect(options)
      expect([again.length, newOnes(again)]).toEqual([count, []])
      expect(await again[0]?.artifacts[0]?.text()).toMatch(/ TEXT \d+$/)

      await writeFile(join(cwd, nameOf(7)), 'other')
      expect(newOnes(await collect(options))).toEqual(['007.txt'])
      if (runs) expect((await readRuns()).length).toBe(count + 1)
    },
  )

  test.skipIf(!isThere)('runs again the one whose output is gone, and all where that is wanted', async () => {
    // Small files are in the database, a large one is on the disk.
    const cwd = await createProject({
      'script.sh': 'head -c "$1" /dev/zero | tr "\\\\0" "${1:0:1}" > out.bin',
    })
    const options = { cwd, each: ['3000001', '4000001', '5'] }
    const [output] = (await collect(options)).find((result) => result.name === '3000001')?.artifacts ?? []
    const paths = await readdir(world.directory, { recursive: true })
    const blob = paths.find((path) => path.endsWith(output?.sha256 ?? 'none'))
    expect(blob).toBeDefined()
    await rm(join(world.directory, blob ?? 'none'))

    const again = await collect(options)

    expect(newOnes(again)).toEqual(['3000001'])
    expect(newOnes(await collect({ ...options, rerun: 'all' })).sort()).toEqual(['3000001', '4000001', '5'])
  })
})

test('a batch whose client is killed goes on where it is called again, with nothing run twice', async () => {
  const world = await KINDS.httpProcess.open()
  onTestFinished(() => world.close())
  const { url, apiKey } = world
  const count = 60
  const cwd = await createInputs(count)
  const log = join(cwd, 'runs.txt')
  const readRuns = async (): Promise<string[]> =>
    (await readFile(log, 'utf8').catch(() => '')).split('\n').filter(Boolean)
  const args = ['run', '--batch', 'in/*.txt', '--parallel', '4', '-e', `RUNS=${log}`, 'script.sh']
  const options = { cwd, home: cwd, env: { RGRID_URL: url, RGRID_API_KEY: apiKey } }

  const killed = start(args, options)
  await vi.waitFor(async () => expect((await readRuns()).length).toBeGreaterThan(3), {
    timeout: 30_000,
    interval: 20,
  })
  killed.child.kill('SIGKILL')
  await killed.ended
  expect((await readRuns()).length).toBeLessThan(count)
  const again = await start(args, options).ended

  expect(again.code, again.stderr).toBe(0)
  expect(again.stderr).toContain(`${count} of ${count} completed`)
  expect((await readRuns()).sort()).toEqual(Array.from({ length: count }, (_, index) => nameOf(index)))
  expect((await readdir(join(cwd, 'outputs'))).length).toBe(count)
  expect(await readFile(join(cwd, 'outputs/007.txt/out.txt'), 'utf8')).toMatch(/ TEXT 7$/)
})
