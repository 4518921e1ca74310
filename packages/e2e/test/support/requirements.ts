import { isEngineAnswering } from '@rgrid/runner'

const required = new Set((process.env['RGRID_REQUIRE'] ?? '').split(',').filter(Boolean))

/** Whether tests that need Docker can run. In CI, where it is required, its absence is a failure and not a skip. */
export async function hasDocker(): Promise<boolean> {
  const answers = await isEngineAnswering()
  if (!answers && required.has('docker')) throw new Error('RGRID_REQUIRE names docker, but no engine answers')
  if (!answers) process.stderr.write('No Docker engine answers: tests that need one are skipped.\n')
  return answers
}

/** Whether tests that install packages can run. */
export async function hasRegistries(): Promise<boolean> {
  const answers = await Promise.all(
    ['https://pypi.org/simple/six/', 'https://registry.npmjs.org/is-number'].map((url) =>
      fetch(url, { signal: AbortSignal.timeout(15_000) }).then(
        ({ ok }) => ok,
        () => false,
      ),
    ),
  )
  const areThere = answers.every(Boolean)
  if (!areThere && required.has('registries'))
    throw new Error('RGRID_REQUIRE names registries, but they do not answer')
  if (!areThere) process.stderr.write('No registry answers: tests that install packages are skipped.\n')
  return areThere
}
