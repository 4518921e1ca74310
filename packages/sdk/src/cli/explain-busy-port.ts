import { getUserPaths } from '@rgrid/protocol'
import { homedir } from 'node:os'
import { readUpFile } from '../config/read-up-file.js'
import type { CliContext } from './context.js'
import { StateError } from './errors.js'

/**
 * Explains why nothing could listen on a port. Other failures pass through.
 *
 * @throws StateError when the port is taken
 */
export async function explainBusyPort({ env }: CliContext, port: number, error: unknown): Promise<never> {
  if (!(error instanceof Error && 'code' in error && error.code === 'EADDRINUSE')) throw error
  const up = await readUpFile(getUserPaths(env, homedir()).up)
  const text =
    up !== undefined && new URL(up.url).port === String(port)
      ? `rgrid up is running already, at ${up.url}`
      : `port ${port} is taken by another program: choose one with --port`
  throw new StateError(text, { cause: error })
}
