import { spawn } from 'node:child_process'
import { once } from 'node:events'
import { readFileSync } from 'node:fs'
import { mkdir, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { build } from 'tsup'

/** A runner in a process of its own. */
export interface RunnerProcess {
  readonly pid: number
  /** Whether it is still there. */
  isAlive(): boolean
  /** The most memory that it has had so far. */
  getPeakMib(): number
  /** What it complained of. */
  getWarnings(): string
  /** Lets it see what it sees when the tests are killed. */
  abandon(): void
  /** Stops it, and waits for its end. */
  stop(): Promise<void>
}

/** What a runner is started with. */
export interface RunnerProcessOptions {
  readonly url: string
  readonly apiKey: string
  readonly instance: string
  readonly directory: string
}

const IMAGES = 'python=rgrid-test/python,node=rgrid-test/node,bash=rgrid-test/python'
const ENTRY = fileURLToPath(new URL('runner-main.ts', import.meta.url))
const OUT = fileURLToPath(new URL('../../../../../node_modules/.cache/', import.meta.url))
const KIB_PER_MIB = 1024

/** Starts a runner from the sources, and waits until it claims. */
export async function startRunner(options: RunnerProcessOptions): Promise<RunnerProcess> {
  const { url, apiKey, instance, directory } = options
  const outDir = join(OUT, `rgrid-hostile-${instance}`)
  const child = spawn(process.execPath, [await buildRunner(outDir), url, instance, directory], {
    stdio: ['pipe', 'pipe', 'pipe'],
    env: {
      PATH: process.env['PATH'],
      HOME: directory,
      RGRID_IMAGES: process.env['RGRID_IMAGES'] ?? IMAGES,
      RGRID_RUNNER_KEY: apiKey,
      // Shared, as looking into an image takes a while and gives the same each time.
      RGRID_TEST_CACHE: join(tmpdir(), 'rgrid-test-cache'),
    },
  })
  const { pid = 0 } = child
  let warnings = ''
  child.stderr.setEncoding('utf8').on('data', (text: string) => (warnings += text))
  const ended = once(child, 'exit')
  const early = ended.then(([code]: unknown[]) => {
    throw new Error(`the runner ended with ${String(code)}: ${warnings}`)
  })
  await Promise.race([once(child.stdout, 'data'), early])
  early.catch(() => undefined)
  return {
    pid,
    isAlive: () => child.exitCode === null && child.signalCode === null,
    getPeakMib() {
      const status = readFileSync(`/proc/${pid}/status`, 'utf8')
      return Number(/^VmHWM:\s*(\d+) kB$/m.exec(status)?.[1]) / KIB_PER_MIB
    },
    getWarnings: () => warnings,
    abandon() {
      for (const stream of [child.stdin, child.stdout, child.stderr]) stream.destroy()
    },
    async stop() {
      child.kill('SIGTERM')
      const [code] = (await ended) as unknown[]
      if (code !== 0) throw new Error(`the runner ended with ${String(code)}: ${warnings}`)
      await rm(outDir, { recursive: true })
    },
  }
}

async function buildRunner(outDir: string): Promise<string> {
  await mkdir(outDir, { recursive: true })
  await build({
    config: false,
    silent: true,
    entry: { runner: ENTRY },
    outDir,
    format: 'esm',
    noExternal: [/^@rgrid\//],
    external: ['dockerode', 'undici', 'zod', 'smol-toml', 'signal-exit'],
    esbuildOptions(build) {
      build.conditions = ['@rgrid/source']
    },
    outExtension: () => ({ js: '.mjs' }),
  })
  return join(outDir, 'runner.mjs')
}
