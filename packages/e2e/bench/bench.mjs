// Times a trivial Python script side by side in every way that RGrid runs it, interleaved, and prints medians and
// their ratios to the bare script. Only the ratios mean anything: machines differ, and this one may be busy.
import { createEmbedded } from '@rgrid/embedded'
import { createClient } from '@rgrid/sdk'
import { execFile, spawn } from 'node:child_process'
import { once } from 'node:events'
import { mkdtemp, readFile, realpath, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { delimiter, dirname, join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { promisify } from 'node:util'

const ROUNDS = Number(process.argv[2] ?? 20)
const root = join(dirname(fileURLToPath(import.meta.url)), '..', '..', '..')
const script = join(root, 'examples', 'hello', 'hello.py')
const cli = join(root, 'packages', 'rgrid', 'bin', 'rgrid.js')

/** Starts a program and returns how long its first byte and its end took, in milliseconds. */
async function timeProgram(command, args, env = {}) {
  const start = performance.now()
  const child = spawn(command, args, {
    cwd: root,
    env: { ...process.env, ...env },
    stdio: ['ignore', 'pipe', 'ignore'],
  })
  let first
  child.stdout.on('data', () => (first ??= performance.now() - start))
  const [code] = await once(child, 'close')
  if (code !== 0) throw new Error(`${command} ended with ${code}`)
  return { first, result: performance.now() - start }
}

async function timeRun(client, options) {
  const start = performance.now()
  const execution = client.run(script, { cwd: root, ...options })
  let first
  for await (const _ of execution.logs()) first ??= performance.now() - start
  const { ok } = await execution
  if (!ok) throw new Error('the script failed')
  return { first, result: performance.now() - start }
}

const directory = await mkdtemp(join(tmpdir(), 'rgrid-bench-'))
// A version manager may put a shell script in front of Python: everybody gets the program behind it.
const { stdout: python } = await promisify(execFile)('python3', ['-c', 'import sys; print(sys.executable)'])
process.env.PATH = `${dirname(await realpath(python.trim()))}${delimiter}${process.env.PATH}`

const embedded = await createEmbedded({ dataDirectory: join(directory, 'embedded'), executors: ['process'] })
const embeddedClient = createClient(embedded)

// The server and its runner live in a process of their own, as they do for a user.
const home = { HOME: directory, XDG_DATA_HOME: directory, RGRID_URL: '' }
const up = spawn(process.execPath, [cli, 'up', '--port', '0', '--executor', 'process'], {
  env: { ...process.env, ...home },
  stdio: ['ignore', 'ignore', 'pipe'],
})
await once(up.stderr, 'data')
const { url, apiKey } = JSON.parse(await readFile(join(directory, '.rgrid', 'up.json'), 'utf8'))
const httpClient = createClient({ url, apiKey })

const candidates = {
  'bare python3': () => timeProgram('python3', [script]),
  'embedded, process': () => timeRun(embeddedClient),
  'HTTP, process': () => timeRun(httpClient),
  'bare node -e 0': () => timeProgram(process.execPath, ['-e', 'console.log(0)']),
  'rgrid run, embedded': () =>
    timeProgram(process.execPath, [cli, 'run', '--executor', 'process', script], {
      XDG_DATA_HOME: directory,
      HOME: directory,
      RGRID_URL: '',
    }),
  'rgrid run, HTTP': () =>
    timeProgram(process.execPath, [cli, 'run', script], {
      HOME: directory,
      RGRID_URL: url,
      RGRID_API_KEY: apiKey,
    }),
}

const times = Object.fromEntries(Object.keys(candidates).map((name) => [name, []]))
for (let round = -2; round < ROUNDS; round++) {
  for (const [name, candidate] of Object.entries(candidates)) {
    const time = await candidate()
    if (round >= 0) times[name].push(time)
  }
}

const median = (values) => values.toSorted((a, b) => a - b)[Math.floor(values.length / 2)]
const bare = {
  first: median(times['bare python3'].map(({ first }) => first)),
  result: median(times['bare python3'].map(({ result }) => result)),
}
console.log(`| ${ROUNDS} rounds, medians | first byte | | result | |\n|---|--:|--:|--:|--:|`)
for (const [name, measured] of Object.entries(times)) {
  const first = median(measured.map((time) => time.first))
  const result = median(measured.map((time) => time.result))
  console.log(
    `| ${name} | ${first.toFixed(1)} ms | ${(first / bare.first).toFixed(2)}× | ${result.toFixed(1)} ms | ${(result / bare.result).toFixed(2)}× |`,
  )
}

await httpClient.close()
up.kill()
await once(up, 'close')
await embedded.close()
await rm(directory, { recursive: true })
