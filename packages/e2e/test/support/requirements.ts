import { isEngineAnswering } from '@rgrid/runner'

const required = new Set((process.env['RGRID_REQUIRE'] ?? '').split(',').filter(Boolean))

/** Whether tests that need Docker can run. In CI, where it is required, its absence is a failure and not a skip. */
export async function hasDocker(): Promise<boolean> {
  const answers = await isEngineAnswering()
  if (!answers && required.has('docker')) throw new Error('RGRID_REQUIRE names docker, but no engine answers')
  if (!answers) process.stderr.write('No Docker engine answers: tests that need one are skipped.\n')
  return answers
}
