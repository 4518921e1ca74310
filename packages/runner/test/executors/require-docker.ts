import { isEngineAnswering } from '../../src/executors/docker/is-engine-answering.js'
import { parseImages, type Images } from '../../src/executors/docker/images/parse-images.js'

/** The images of the tests: from `RGRID_IMAGES`, else those that `packages/e2e/images/make-images.sh` makes. */
export const TEST_IMAGES: Images = {
  python: 'rgrid-test/python',
  node: 'rgrid-test/node',
  bash: 'rgrid-test/python',
  // One that nobody has.
  'python3.13': 'rgrid-test/absent',
  ...parseImages(process.env['RGRID_IMAGES'] ?? ''),
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
