import { execFileSync } from 'node:child_process'
import { mkdtempSync, rmdirSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'

const required = new Set((process.env['RGRID_REQUIRE'] ?? '').split(',').filter(Boolean))

/** A file system of its own with little room. */
export interface SmallDisk {
  readonly directory: string
  remove(): void
}

/** Makes a {@link SmallDisk} in memory; `undefined` where that is not allowed, such as for who is not root. */
export function createSmallDisk(mib: number): SmallDisk | undefined {
  const directory = mkdtempSync(join(tmpdir(), 'rgrid-small-'))
  try {
    execFileSync('mount', ['-t', 'tmpfs', '-o', `size=${mib}m`, 'tmpfs', directory], { stdio: 'ignore' })
  } catch {
    rmdirSync(directory)
    return undefined
  }
  return {
    directory,
    remove() {
      // At once for all who look, also while a file is still open.
      execFileSync('umount', ['-l', directory])
      rmdirSync(directory)
    },
  }
}

/** Whether file systems can be mounted. In CI, where root runs the tests with Docker, the lack of it is a failure. */
export function canMount(): boolean {
  const disk = createSmallDisk(1)
  disk?.remove()
  if (disk === undefined && required.has('docker')) throw new Error('no file system can be mounted here')
  if (disk === undefined)
    process.stderr.write('No file system can be mounted: tests of a disk that is really full are skipped.\n')
  return disk !== undefined
}
