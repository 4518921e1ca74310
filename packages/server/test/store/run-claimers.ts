import { execFile } from 'node:child_process'
import { mkdir, rm } from 'node:fs/promises'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { promisify } from 'node:util'
import { build } from 'tsup'
import { onTestFinished } from 'vitest'

const ROOT = fileURLToPath(new URL('../../../../', import.meta.url))
const ENTRY = fileURLToPath(new URL('claimer.ts', import.meta.url))

/** What one process got. */
export interface Claimed {
  readonly ids: string[]
  /** How often it waited for the file in vain. */
  readonly busy: number
}

/** Lets several processes submit to one file and claim from it at once. */
export async function runClaimers(
  path: string,
  { processes, executions }: { processes: number; executions: number },
): Promise<Claimed[]> {
  // Below the repository, so that the packages that stay outside of the bundle are found.
  const outDir = join(ROOT, 'node_modules/.cache', `rgrid-claimer-${process.pid}`)
  await mkdir(outDir, { recursive: true })
  onTestFinished(() => rm(outDir, { recursive: true, force: true }))
  await build({
    config: false,
    silent: true,
    entry: { claimer: ENTRY },
    outDir,
    format: 'esm',
    noExternal: [/^@rgrid\//],
    external: ['better-sqlite3', 'kysely', 'uuid', 'zod'],
    esbuildOptions(options) {
      options.conditions = ['@rgrid/source']
    },
    outExtension: () => ({ js: '.mjs' }),
  })
  const run = async (): Promise<Claimed> => {
    const args = [join(outDir, 'claimer.mjs'), path, String(executions / processes)]
    const { stdout } = await promisify(execFile)(process.execPath, args, { maxBuffer: 64 * 1024 * 1024 })
    return JSON.parse(stdout) as Claimed
  }
  return Promise.all(Array.from({ length: processes }, run))
}
