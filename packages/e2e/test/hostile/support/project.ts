import { mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'

const made = new Set<string>()

/** Makes a directory with files in it, which is there until {@link removeProjects}. */
export function createProject(files: Readonly<Record<string, string | Uint8Array>>): string {
  const directory = mkdtempSync(join(tmpdir(), 'rgrid-hostile-'))
  made.add(directory)
  for (const [name, content] of Object.entries(files)) writeFileSync(join(directory, name), content)
  return directory
}

/** Removes all that was made. */
export function removeProjects(): void {
  for (const directory of made) rmSync(directory, { recursive: true, force: true })
  made.clear()
}
