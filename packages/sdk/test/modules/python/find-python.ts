import { spawnSync } from 'node:child_process'

/** The interpreter itself, behind whatever starts it here; `undefined` where there is none. */
export function findPython(): string | undefined {
  const { status, stdout } = spawnSync('python3', ['-c', 'import sys; print(sys.executable)'], {
    encoding: 'utf8',
  })
  if (status === 0) return stdout.trim()
  if ((process.env['RGRID_REQUIRE'] ?? '').split(',').includes('python'))
    throw new Error('RGRID_REQUIRE names python, but python3 is not there')
  return undefined
}
