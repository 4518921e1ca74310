import { copyFile, mkdtemp, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { basename, join } from 'node:path'

/** Makes a folder with a script and a `requirements.txt` of three packages beside it, which the script does not use. */
export async function createPackagedProject(script) {
  const folder = await mkdtemp(join(tmpdir(), 'rgrid-bench-packages-'))
  await copyFile(script, join(folder, basename(script)))
  await writeFile(join(folder, 'requirements.txt'), 'six==1.16.0\nidna==3.10\ntabulate==0.9.0\n')
  return folder
}
