import { join } from 'node:path'
import * as z from 'zod'

/** Where RGrid keeps what belongs to one user of one machine. */
export interface UserPaths {
  /** The user's profile, TOML without secrets. */
  readonly config: string
  /** API keys by server, TOML, mode 0600. */
  readonly credentials: string
  /** Says where a running `rgrid up` listens, mode 0600. */
  readonly up: string
  /** The store and the workspaces of embedded mode and of `rgrid up`. */
  readonly data: string
}

/** Names the user's files: below `~/.rgrid`, and data below `$XDG_DATA_HOME/rgrid`. Reads nothing. */
export function getUserPaths(
  env: Readonly<Record<string, string | undefined>>,
  homeDirectory: string,
): UserPaths {
  const home = join(env['HOME'] ?? homeDirectory, '.rgrid')
  const xdgData = env['XDG_DATA_HOME']
  // The XDG base directory specification has relative paths ignored.
  const dataHome =
    xdgData?.startsWith('/') === true ? xdgData : join(env['HOME'] ?? homeDirectory, '.local', 'share')
  return {
    config: join(home, 'config.toml'),
    credentials: join(home, 'credentials'),
    up: join(home, 'up.json'),
    data: join(dataHome, 'rgrid'),
  }
}

/** What `rgrid up` leaves for clients on the same machine while it runs. */
export const upFileSchema = z.object({ url: z.string(), apiKey: z.string(), pid: z.int().positive() })

/** What `rgrid up` leaves for clients on the same machine while it runs. */
export type UpFile = z.infer<typeof upFileSchema>
