import { upFileSchema, type UpFile } from '@rgrid/protocol'
import { readOptional } from './read-optional.js'

/** Reads what a running `rgrid up` left; a file that a killed one left behind counts for nothing. */
export async function readUpFile(path: string): Promise<UpFile | undefined> {
  const text = await readOptional(path)
  if (text === undefined) return undefined
  const up = upFileSchema.safeParse(tryParse(text))
  return up.success && isAlive(up.data.pid) ? up.data : undefined
}

function tryParse(text: string): unknown {
  try {
    return JSON.parse(text)
  } catch {
    return undefined
  }
}

function isAlive(pid: number): boolean {
  try {
    return process.kill(pid, 0)
  } catch (error) {
    return error instanceof Error && 'code' in error && error.code === 'EPERM'
  }
}
