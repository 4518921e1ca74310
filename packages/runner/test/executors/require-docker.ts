import { isEngineAnswering } from '../../src/executors/docker/is-engine-answering.js'
import { createDockerExecutor, type DockerExecutorOptions } from '../../src/executors/docker-executor.js'
import type { Executor } from '../../src/executors/executor.js'
import { parseImages } from '../../src/executors/runtimes/parse-images.js'
import { DEFAULT_RUNTIMES, type RuntimeTable } from '../../src/executors/runtimes/runtime-table.js'
import { RUNTIMES, type KnownRuntime } from '@rgrid/protocol'
import { tmpdir } from 'node:os'
import { join } from 'node:path'

/** The images of the tests: from `RGRID_IMAGES`, else those that `packages/e2e/images/make-images.sh` makes. */
export const TEST_IMAGES: Readonly<Partial<Record<KnownRuntime, string>>> = {
  python: 'rgrid-test/python',
  node: 'rgrid-test/node',
  bash: 'rgrid-test/python',
  // One that nobody has.
  'python3.13': 'rgrid-test/absent',
  ...parseImages(process.env['RGRID_IMAGES'] ?? '', RUNTIMES),
}

/** The runtimes of the tests: the known ones, and Perl, which is in every Debian. */
export const TEST_RUNTIMES: RuntimeTable = {
  ...DEFAULT_RUNTIMES,
  ...Object.fromEntries(
    RUNTIMES.map((runtime) => {
      const entry = DEFAULT_RUNTIMES[runtime]
      return [runtime, { ...entry, image: TEST_IMAGES[runtime] ?? entry.image }]
    }),
  ),
  perl5: {
    image: TEST_IMAGES.bash ?? '',
    command: ['perl', '-w'],
    installer: null,
    extensions: ['.pl'],
    programs: ['perl'],
  },
}

// Shared by all tests, as looking into an image takes a while and gives the same each time.
export const CACHE = join(tmpdir(), 'rgrid-test-cache')

/** Makes a Docker executor for a test. */
export function createTestExecutor(
  instance: string,
  workDirectory: string,
  options: Partial<DockerExecutorOptions> = {},
): Executor {
  return createDockerExecutor({
    instance,
    workDirectory,
    cacheDirectory: CACHE,
    runtimes: TEST_RUNTIMES,
    ...options,
  })
}

/**
 * Whether Docker tests can run.
 *
 * @throws Error where they have to, as `RGRID_REQUIRE` lists `docker`, and cannot.
 */
export async function requireDocker(): Promise<boolean> {
  if (await isEngineAnswering(undefined, 5_000)) return true
  if ((process.env['RGRID_REQUIRE'] ?? '').split(',').includes('docker'))
    throw new Error('RGRID_REQUIRE lists docker, and no Docker engine answers')
  process.stderr.write('SKIPPED: no Docker engine answers, so the Docker tests do not run\n')
  return false
}
