import { createHash } from 'node:crypto'
import { realpath, stat } from 'node:fs/promises'
import type { Command } from './find-commands.js'

/**
 * Names a program of this machine with its first arguments: by the file that it really is, the size of that and when it
 * was changed, so that another version has another name. The program is not started for it.
 *
 * @throws Error when the file is not there.
 */
export async function nameProgram([program, ...args]: Command): Promise<string> {
  const path = await realpath(program)
  const { size, mtimeNs } = await stat(path, { bigint: true })
  const parts = [process.platform, process.arch, path, String(size), String(mtimeNs), ...args]
  return `process ${createHash('sha256').update(JSON.stringify(parts)).digest('hex')}`
}
