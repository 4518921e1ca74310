import { createRequire } from 'node:module'

/** The version of this package. */
export function readVersion(): string {
  const { version } = createRequire(import.meta.url)('@rgrid/sdk/package.json') as { version: string }
  return version
}
