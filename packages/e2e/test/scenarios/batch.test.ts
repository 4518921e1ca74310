import { executionPageSchema } from '@rgrid/protocol'
import type { BatchOptions, BatchResult } from '@rgrid/sdk'
import { readdir, readFile, rm, writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { afterAll, beforeAll, describe, expect, onTestFinished, test } from 'vitest'
import { createProject } from '../support/project.js'
import { start } from '../support/rgrid-command.js'
import { hasDocker } from '../support/requirements.js'
import { KINDS, type Kind, type World } from '../support/worlds.js'

const PARALLEL = 8
const SLOTS = 12
const PATIENT = { timeout: 60_000, interval: 20 }

// The times are taken by the scripts themselves, and what ran is noted where it outlives its workspace.
const SCRIPT = `
start=$EPOCHREALTIME
read -r text < "$1"
sleep 0.02
[ -z "$RUNS" ] || echo "$1" >> "$RUNS"
printf '%s %s %s' "$start" "$EPOCHREALTIME" "\${text^^}" > out.txt
`

const COUNT = 300
const WAYS = Object.values(KINDS)

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

describe.for(WAYS)('a batch: $name', ({ executor, open }) => {
  const isThere = executor === 'process' || isDockerThere
  // What ran in a container can note it nowhere but in its workspace.
  const runs = executor === 'process'
  let world: World
  beforeAll(async () => {
    if (isThere) world = await open({ slots: SLOTS })
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
      const cwd = await createInputs(COUNT)
      const log = join(cwd, 'runs.txt')
      const readRuns = async (): Promise<string[]> => (await readFile(log, 'utf8')).trim().split('\n')
      const options = { cwd, each: 'in/*.txt', parallel: PARALLEL, ...(runs ? { env: { RUNS: log } } : {}) }

      const first = await collect(options)
      const outputs = await Promise.all(
        first.map(async ({ index, artifacts }) => {
          const [start, end, ...text] = (await artifacts[0]?.text())?.split(' ') ?? []
          return { index, start: Number(start), end: Number(end), text: text.join(' ') }
        }),
      )

      expect(findOverlap(outputs)).toBeGreaterThan(1)
      expect(findOverlap(outputs)).toBeLessThanOrEqual(PARALLEL)
      expect(outputs.every(({ index, text }) => text === `TEXT ${index}`)).toBe(true)
      expect(new Set(outputs.map(({ index }) => index)).size).toBe(COUNT)
      if (runs) expect((await readRuns()).sort()).toEqual(first.map(({ index }) => nameOf(index)).sort())

      const again = await collect(options)
      expect([again.length, newOnes(again)]).toEqual([COUNT, []])
      expect(await again[0]?.artifacts[0]?.text()).toMatch(/ TEXT \d+$/)

      await writeFile(join(cwd, nameOf(7)), 'other')
      expect(newOnes(await collect(options))).toEqual(['007.txt'])
      if (runs) expect((await readRuns()).length).toBe(COUNT + 1)
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

describe.for(WAYS)('a batch whose client is killed: $name', ({ name, executor, open }) => {
  const isThere = executor === 'process' || isDockerThere

  test.skipIf(!isThere)('goes on where it is called again, with nothing run twice', async () => {
    const count = 60
    const cwd = await createInputs(count)
    const args = ['run', '--executor', executor, '--batch', 'in/*.txt', '--parallel', '4', 'script.sh']
    const options = { cwd, home: cwd, env: name.startsWith('HTTP') ? await serve(open) : {} }
    const listDone = (): Promise<string[]> => readdir(join(cwd, 'outputs')).catch(() => [])

    const killed = start(args, options)
    await expect.poll(async () => (await listDone()).length, PATIENT).toBeGreaterThan(3)
    killed.child.kill('SIGKILL')
    await killed.ended
    expect((await listDone()).length).toBeLessThan(count)
    const again = await start(args, options).ended

    expect(again.code, again.stderr).toBe(0)
    expect(again.stderr).toContain(`${count} of ${count} completed`)
    expect(await listDone()).toHaveLength(count)
    expect(await readFile(join(cwd, 'outputs/007.txt/out.txt'), 'utf8')).toMatch(/ TEXT 7$/)
    const { stdout } = await start(['ls', '--limit', '1000', '--json'], options).ended
    const { executions } = executionPageSchema.parse({ next: null, ...JSON.parse(stdout.toString()) })
    const completed = executions.filter(({ status }) => status === 'completed').map((one) => one.args[0])
    expect(completed.toSorted()).toEqual(Array.from({ length: count }, (_, index) => nameOf(index)))
    // What was with the runner within the client waits until its lease is over, and what ran there is lost.
    const left = executions.filter(({ status }) => status !== 'completed').map(({ status }) => status)
    expect(left.filter((status) => !['queued', 'claimed', 'lost'].includes(status))).toEqual([])
    if (name.startsWith('HTTP')) expect(left).toEqual([])
  })
})

/** Opens a server for clients that come and go. */
async function serve(open: Kind['open']): Promise<Record<string, string>> {
  const world = await open({ slots: SLOTS })
  onTestFinished(() => world.close())
  return { RGRID_URL: world.url, RGRID_API_KEY: world.apiKey }
}
