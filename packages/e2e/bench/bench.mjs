// Times scripts side by side in every way that RGrid runs them and in those that others do, interleaved, prints medians
// and their ratios, and writes them to docs/benchmarks.md. Only the ratios mean anything: machines differ, and may be
// busy with something else.
//
//   npm run bench -- [rounds] [--no-write]
import { execFile } from 'node:child_process'
import { rm, writeFile } from 'node:fs/promises'
import { createRequire } from 'node:module'
import { join } from 'node:path'
import { setTimeout as sleep } from 'node:timers/promises'
import { promisify } from 'node:util'
import { parseArgs } from 'node:util'
import { timeBatch, timeXargs } from './batch.mjs'
import { describeMachine } from './machine.mjs'
import { createPackagedProject } from './packaged-project.mjs'
import { timeNaiveDocker, timeProgram, timeRun } from './programs.mjs'
import { measureQueue } from './queue-latency.mjs'
import { formatTable, interleave, median, toMs, toRatio } from './statistics.mjs'
import { cli, root, startUp } from './world.mjs'

const { values, positionals } = parseArgs({
  allowPositionals: true,
  options: { 'no-write': { type: 'boolean', default: false } },
})
const ROUNDS = Number(positionals[0] ?? 20)
const SLOTS = 4
const BURST = 20
const MANY = 200
const ITEMS = 1000
const WARM_UPS = 60
// Until the containers that were used have been replaced, so that nobody pays for another.
const SETTLE_MS = 900

// A version manager may put a shell script in front of Python: everybody gets the system's own, as containers do.
process.env.PATH = `/usr/bin:${process.env.PATH}`
process.env.RGRID_IMAGES ??= 'python=rgrid-test/python,node=rgrid-test/node,bash=rgrid-test/python'
const image = /python=([^,]+)/.exec(process.env.RGRID_IMAGES)?.[1]
const folder = join(root, 'packages', 'e2e', 'bench')
const script = 'hello.py'
// The same, but it imports a module, which takes its time wherever that is.
const importing = join(root, 'examples', 'hello')
const toDockerRun = (cwd) => [
  'run',
  '--rm',
  '--network',
  'none',
  '-v',
  `${cwd}:/work:ro`,
  image,
  'python3',
  `/work/${script}`,
]
const dockerRun = toDockerRun(folder)

const Docker = createRequire(join(root, 'packages/runner/package.json'))('dockerode')
const docker = new Docker({ socketPath: '/var/run/docker.sock' })
const up = await startUp(['--slots', String(SLOTS)])
const { client } = up
let memoryMib = 300
// Nobody has a container of this size waiting.
const runCold = () => timeRun(client, script, { cwd: folder, executor: 'docker', memoryMib: ++memoryMib })
const runWarm = () => timeRun(client, script, { cwd: folder, executor: 'docker' })
const runProcess = () => timeRun(client, script, { cwd: folder, executor: 'process' })
const runCached = () => timeRun(client, script, { cwd: folder, executor: 'docker', cache: true })
const runBare = () => timeProgram('python3', [join(folder, script)])
const settle = async (action) => {
  await sleep(SETTLE_MS)
  const result = await action()
  await sleep(SETTLE_MS)
  return result
}

const toMedian = (results, key) => median(results.map((result) => result[key]))
const formatComparison = (kinds, bare, docker) => {
  const toPair = (name) => [toMedian(kinds[name], 'first'), toMedian(kinds[name], 'result')]
  const [bareFirst, bareResult] = toPair(bare)
  const [, dockerResult] = toPair(docker)
  return formatTable(
    ['', 'first byte', '× bare', 'result', '× bare', '× `docker run`'],
    Object.keys(kinds).map((name) => {
      const [first, result] = toPair(name)
      return [
        name,
        toMs(first),
        toRatio(first / bareFirst),
        toMs(result),
        toRatio(result / bareResult),
        toRatio(result / dockerResult),
      ]
    }),
  )
}

const sections = []
const report = (title, text) => {
  sections.push(`## ${title}\n\n${text}\n`)
  console.log(`\n${title}\n\n${text}`)
}

// A server that has just started runs code that nothing has optimised yet, and two uses make the pool fill up.
for (let time = 0; time < WARM_UPS; time++) await runProcess()
for (let time = 0; time < 3; time++) await runWarm()
await runCached()

const one = await interleave(
  {
    'bare `python3`': runBare,
    '`docker run --rm --network none`': () => timeProgram('docker', dockerRun),
    'Docker client: create, attach, start, wait': () => timeNaiveDocker(docker, image, folder, script),
    'RGrid, container started for it': () => settle(runCold),
    'RGrid, waiting container': () => settle(runWarm),
    'RGrid, process': runProcess,
    'RGrid, from the cache': async () => {
      const result = await runCached()
      if (!result.cached) throw new Error('nothing stood in')
      return result
    },
    '`rgrid run`, waiting container': () =>
      settle(() =>
        timeProgram(process.execPath, [cli, 'run', '--executor', 'docker', script], {
          cwd: folder,
          env: up.env,
        }),
      ),
    '`rgrid run`, process': () =>
      timeProgram(process.execPath, [cli, 'run', '--executor', 'process', script], {
        cwd: folder,
        env: up.env,
      }),
  },
  ROUNDS,
)
report('One at a time', formatComparison(one, 'bare `python3`', '`docker run --rm --network none`'))

const imports = await interleave(
  {
    'bare `python3`': () => timeProgram('python3', [join(importing, script)]),
    '`docker run --rm --network none`': () => timeProgram('docker', toDockerRun(importing)),
    'RGrid, waiting container': () =>
      settle(() => timeRun(client, script, { cwd: importing, executor: 'docker' })),
  },
  ROUNDS,
)
report(
  'One at a time, with a script that imports `platform`',
  formatComparison(imports, 'bare `python3`', '`docker run --rm --network none`'),
)

const PHASES = ['dependenciesMs', 'placeMs', 'inputsMs', 'launchMs', 'firstOutputMs', 'scriptMs', 'outputsMs']
report(
  'Where the time goes on the runner',
  formatTable(
    ['', ...PHASES.map((phase) => phase.replace('Ms', ''))],
    ['RGrid, container started for it', 'RGrid, waiting container', 'RGrid, process'].map((name) => [
      name,
      ...PHASES.map((phase) => toMs(median(one[name].map(({ phases }) => phases[phase])))),
    ]),
  ),
)

const packaged = await createPackagedProject(join(folder, script))
const runPackaged = (executor) => () => timeRun(client, script, { cwd: packaged, executor })
try {
  // The first installs, and two uses make the pool fill up.
  for (let time = 0; time < 3; time++)
    for (const executor of ['docker', 'process']) await runPackaged(executor)()
  const kinds = await interleave(
    {
      'waiting container': () => settle(runWarm),
      'waiting container, three packages': () => settle(runPackaged('docker')),
      process: runProcess,
      'process, three packages': runPackaged('process'),
    },
    ROUNDS,
  )
  const results = Object.entries(kinds).map(([name, all]) => [name, toMedian(all, 'result')])
  report(
    'With packages from `requirements.txt`, once they are installed',
    formatTable(
      ['', 'result', 'more than without'],
      results.map(([name, ms], index) => [
        name,
        toMs(ms),
        index % 2 === 0 ? '' : toMs(ms - results[index - 1][1]),
      ]),
    ),
  )
} catch (error) {
  console.error(`SKIPPED: the packages could not be installed: ${error.message.slice(0, 200)}`)
}
await rm(packaged, { recursive: true })

const inParallel = (count, parallel, action) => async () => {
  const start = performance.now()
  let left = count
  const work = async () => {
    while (left-- > 0) await action()
  }
  await Promise.all(Array.from({ length: parallel }, work))
  return performance.now() - start
}
const four = await interleave(
  {
    'bare `python3`': inParallel(SLOTS, SLOTS, runBare),
    '`docker run --rm --network none`': inParallel(SLOTS, SLOTS, () => timeProgram('docker', dockerRun)),
    'RGrid, container started for it': () => settle(inParallel(SLOTS, SLOTS, runCold)),
    'RGrid, waiting container': async () => {
      await sleep(2 * SETTLE_MS)
      return inParallel(SLOTS, SLOTS, runWarm)()
    },
    'RGrid, process': inParallel(SLOTS, SLOTS, runProcess),
  },
  Math.ceil(ROUNDS / 3),
  1,
)
report(
  'Four at once, until all are done',
  formatTable(
    ['', 'all four', '× bare'],
    Object.entries(four).map(([name, times]) => [
      name,
      toMs(median(times)),
      toRatio(median(times) / median(four['bare `python3`'])),
    ]),
  ),
)

const burst = await interleave(
  {
    'each in a container started for it': () => settle(inParallel(BURST, BURST, runCold)),
    'over four waiting containers': async () => {
      await sleep(2 * SETTLE_MS)
      return inParallel(BURST, BURST, runWarm)()
    },
  },
  Math.ceil(ROUNDS / 4),
  1,
)
report(
  `A burst of ${BURST} on ${SLOTS} slots`,
  formatTable(
    ['', 'all'],
    Object.entries(burst).map(([name, times]) => [name, toMs(median(times))]),
  ),
)

const toRate = (count, ms) => `${((count / ms) * 1000).toFixed(1)} /s`
const shared = () => timeRun(client, script, { cwd: folder, executor: 'docker', isolation: 'shared' })
const throughput = {
  [`bare \`python3\`, ${SLOTS} at once`]: await inParallel(MANY, SLOTS, runBare)(),
  'RGrid, process': await inParallel(MANY, 2 * SLOTS, runProcess)(),
  'RGrid, a container each': await inParallel(MANY, 2 * SLOTS, runWarm)(),
  "RGrid, `isolation: 'shared'`": await inParallel(MANY, 2 * SLOTS, shared)(),
}
report(
  `${MANY} executions on ${SLOTS} slots`,
  formatTable(
    ['', 'all', 'rate'],
    Object.entries(throughput).map(([name, ms]) => [name, `${(ms / 1000).toFixed(1)} s`, toRate(MANY, ms)]),
  ),
)

const items = Array.from({ length: ITEMS }, (_, index) => String(index))
const xargsMs = await timeXargs(folder, script, items, SLOTS)
const first = await timeBatch(client, folder, script, items, SLOTS)
const again = await timeBatch(client, folder, script, items, SLOTS)
report(
  `A batch of ${ITEMS} items, ${SLOTS} at a time, as processes`,
  formatTable(
    ['', 'all', 'per item', '× `xargs`', 'reused'],
    [
      [`\`xargs -P ${SLOTS} python3\``, xargsMs, ''],
      ['`batch()`', first.ms, first.reused],
      ['`batch()` again', again.ms, again.reused],
    ].map(([name, ms, reused]) => [
      name,
      `${(ms / 1000).toFixed(2)} s`,
      toMs(ms / ITEMS),
      toRatio(ms / xargsMs),
      String(reused),
    ]),
  ),
)

const MB = 100
const loud = ['-c', `import sys\nfor _ in range(${MB}): sys.stdout.buffer.write(b"x" * 999_999 + b"\\n")`]
await promisify(execFile)('mkdir', ['-p', '/tmp/rgrid-bench-loud'])
await writeFile('/tmp/rgrid-bench-loud/loud.py', loud[1])
const logs = await interleave(
  {
    'bare `python3` into a pipe': () => timeProgram('python3', loud),
    '`docker run --rm --network none`': () =>
      timeProgram('docker', ['run', '--rm', '--network', 'none', image, 'python3', ...loud]),
    'RGrid, waiting container': () =>
      settle(() => timeRun(client, 'loud.py', { cwd: '/tmp/rgrid-bench-loud', executor: 'docker' })),
    'RGrid, process': () => timeRun(client, 'loud.py', { cwd: '/tmp/rgrid-bench-loud', executor: 'process' }),
  },
  3,
  1,
)
report(
  `${MB} MB of output`,
  formatTable(
    ['', 'result', 'rate', 'bytes that arrive'],
    Object.entries(logs).map(([name, results]) => {
      const result = toMedian(results, 'result')
      return [
        name,
        toMs(result),
        `${((MB / result) * 1000).toFixed(0)} MB/s`,
        String(toMedian(results, 'bytes')),
      ]
    }),
  ),
)
await up.close()

const queue = { 0: await measureQueue(0), '10,000': await measureQueue(10_000) }
report(
  'The queue, over HTTP',
  formatTable(
    ['waiting before', 'submit p50', 'submit p99', 'claim p50', 'claim p99'],
    Object.entries(queue).map(([depth, { submit, claim }]) => [
      depth,
      toMs(submit.p50),
      toMs(submit.p99),
      toMs(claim.p50),
      toMs(claim.p99),
    ]),
  ),
)

const intro = `# Benchmarks

Written by \`npm run bench\` on ${new Date().toISOString().slice(0, 10)}: ${ROUNDS} interleaved rounds, medians. The script is
one line of Python, \`print("hello")\`, over HTTP against \`rgrid up\` on the same machine unless it says otherwise. Only the
ratios of one run mean anything. Of output, RGrid keeps the first and the last of 10 MiB.

${await describeMachine()}.
`
if (!values['no-write']) await writeFile(join(root, 'docs', 'benchmarks.md'), [intro, ...sections].join('\n'))
