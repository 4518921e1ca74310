import { RGridError } from '@rgrid/protocol'
import type * as embedded from '@rgrid/embedded'

/** The part of `@rgrid/embedded` that this package uses. */
export type EmbeddedModule = Pick<
  typeof embedded,
  'createEmbedded' | 'startRunner' | 'startServer' | 'startUp'
> & {
  /** What runtimes are in containers on this machine. Not every version has it. */
  readonly loadRuntimes?: () => Promise<Readonly<Record<string, { readonly image: string }>>>
}

const PACKAGE = '@rgrid/embedded'

/**
 * Loads the server and the runner, an optional peer.
 *
 * @throws RGridError `embedded_missing` when it is not installed.
 */
export async function loadEmbedded(): Promise<EmbeddedModule> {
  try {
    return await import('@rgrid/embedded')
  } catch (error) {
    if (!isMissing(error)) throw error
    throw new RGridError(
      'embedded_missing',
      `running on this machine needs one more package: npm install ${PACKAGE} (or name a server in RGRID_URL)`,
      { cause: error },
    )
  }
}

// A package that is there but lacks one of its own dependencies must not be reported as absent.
const isMissing = (error: unknown): boolean =>
  error instanceof Error &&
  'code' in error &&
  error.code === 'ERR_MODULE_NOT_FOUND' &&
  error.message.includes(`'${PACKAGE}'`)
