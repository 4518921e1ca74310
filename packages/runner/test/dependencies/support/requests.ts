import type { Dependencies, WireFile } from '@rgrid/protocol'
import { createHash } from 'node:crypto'
import { mkdtemp, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { onTestFinished } from 'vitest'
import type { EnsureRequest } from '../../../src/dependencies/dependency-store.js'
import type { Installer, InstallJob } from '../../../src/dependencies/installer.js'

/** A directory of the test's own. */
export async function createDirectory(): Promise<string> {
  const directory = await mkdtemp(join(tmpdir(), 'rgrid-dependencies-'))
  onTestFinished(() => rm(directory, { recursive: true, force: true }))
  return directory
}

/** A request for the packages that `files` name: a requirements file where nothing else is said. */
export function createRequest(
  files: Readonly<Record<string, string>>,
  request: Partial<EnsureRequest> = {},
): EnsureRequest {
  const dependencies: Dependencies = { kind: 'requirements', path: 'requirements.txt' }
  return {
    runtime: 'python',
    image: undefined,
    dependencies,
    script: 'main.py',
    project: 'prj_test',
    base: 'sha256:base',
    files: Object.entries(files).map(([path, text]) => toWireFile(path, text)),
    readFile: async ({ path }) => Buffer.from(files[path] ?? ''),
    onProgress: () => undefined,
    signal: new AbortController().signal,
    ...request,
  }
}

function toWireFile(path: string, text: string): WireFile {
  const bytes = Buffer.from(text)
  const sha256 = createHash('sha256').update(bytes).digest('hex')
  return { path, sha256, size: bytes.length, executable: false }
}

/** An installer that counts what it is asked for. */
export function createCountedInstaller(
  run: (job: InstallJob) => Promise<void> = async () => undefined,
  instance = 'test',
): Installer & { readonly jobs: InstallJob[] } {
  const jobs: InstallJob[] = []
  return {
    instance,
    outlivesDirectory: false,
    jobs,
    async run(job) {
      jobs.push(job)
      await run(job)
    },
    sweep: async () => true,
  }
}
