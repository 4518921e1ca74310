import { mkdtempSync } from 'node:fs'
import { rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'

/** Makes a directory that is removed at the end of the test. */
export function createTestDirectory(onTestFinished: (undo: () => Promise<void>) => void): string {
  const directory = mkdtempSync(join(tmpdir(), 'rgrid-test-'))
  // A daemon of a script may still be writing there.
  onTestFinished(() => rm(directory, { recursive: true, force: true, maxRetries: 20, retryDelay: 50 }))
  return directory
}
