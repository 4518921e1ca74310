import { spawn } from 'node:child_process'
import { once } from 'node:events'
import { mkdir, readdir, readFile } from 'node:fs/promises'
import { fileURLToPath } from 'node:url'
import { build } from 'tsup'
import { TEST_IMAGES } from './test-images.js'

/** A runner in a process of its own. */
export interface RunnerProcess {
  readonly pid: number
  /** Resolves when it claims; rejects when it ends before, unless that was the test's doing. */
  readonly claims: Promise<void>
  /** Kills it as a person with `kill -9` would. Resolves when it is gone. */
  kill(): Promise<void>
  /** Asks it to stop, and returns its exit code. */
  stop(): Promise<number | null>
  /** What it said. */
  getLog(): string
}

/** What a runner is started with. */
export interface RunnerProcessOptions {
  readonly url: string
  readonly apiKey: string
  readonly dataDirectory: string
  /** Is in the environment of the runner and of all that it starts on this machine. */
  readonly mark: string
}

const ENTRY = fileURLToPath(new URL('runner-main.ts', import.meta.url))
const OUT = fileURLToPath(
  new URL(`../../../../../node_modules/.cache/rgrid-faults-${process.pid}/`, import.meta.url),
)

/** Starts a runner from the sources. It may be killed at any moment from here on. */
export async function startRunner(options: RunnerProcessOptions): Promise<RunnerProcess> {
  const { url, apiKey, dataDirectory, mark } = options
  const child = spawn(process.execPath, [await buildRunner(), url, dataDirectory], {
    stdio: ['ignore', 'pipe', 'pipe'],
    env: {
      PATH: process.env['PATH'],
      HOME: dataDirectory,
      RGRID_IMAGES: TEST_IMAGES,
      RGRID_API_KEY: apiKey,
      RGRID_FAULT_MARK: mark,
    },
  })
  let log = ''
  child.stderr.setEncoding('utf8').on('data', (text: string) => (log += text))
  const ended = once(child, 'exit').then(([code]: unknown[]) => code as number | null)
  const early = ended.then((code) => {
    if (!child.killed) throw new Error(`the runner ended with ${String(code)}: ${log}`)
  })
  early.catch(() => undefined)
  const kill = async (): Promise<void> => {
    child.kill('SIGKILL')
    await ended
  }
  return {
    pid: child.pid ?? 0,
    claims: Promise.race([once(child.stdout, 'data').then(() => undefined), early]),
    kill,
    async stop() {
      child.kill('SIGTERM')
      return ended
    },
    getLog: () => log,
  }
}

/** The processes of this machine that have a mark in their environment. */
export async function findMarked(mark: string): Promise<number[]> {
  const pids = (await readdir('/proc')).filter((name) => /^\d+$/.test(name))
  const marked = await Promise.all(
    pids.map(async (pid) => {
      const environment = await readFile(`/proc/${pid}/environ`, 'latin1').catch(() => '')
      return environment.includes(`RGRID_FAULT_MARK=${mark}\0`)
    }),
  )
  return pids.filter((_, index) => marked[index]).map(Number)
}

let built: Promise<string> | undefined

function buildRunner(): Promise<string> {
  return (built ??= bundle())
}

async function bundle(): Promise<string> {
  await mkdir(OUT, { recursive: true })
  await build({
    config: false,
    silent: true,
    entry: { runner: ENTRY },
    outDir: OUT,
    format: 'esm',
    noExternal: [/^@rgrid\//],
    external: ['dockerode', 'undici', 'zod', 'smol-toml', 'signal-exit', 'kysely', 'better-sqlite3', 'hono'],
    esbuildOptions(options) {
      options.conditions = ['@rgrid/source']
    },
    outExtension: () => ({ js: '.mjs' }),
  })
  return `${OUT}runner.mjs`
}
