import { createHash } from 'node:crypto'
import { InstallError } from '../executors/executor.js'

/** What to install, read from the files of an execution: nothing else of them counts. */
export interface Specification {
  readonly kind: 'python' | 'node'
  /** The files that an installer reads, by their paths below a directory of its own. */
  readonly files: ReadonlyMap<string, Uint8Array>
  /** The requirements file among them; for Node the folder of `package.json`, always `.`. */
  readonly entry: string
  /** How many packages they name. */
  readonly packages: number
  /** The versions of Python that the script runs with, as PEP 440 writes them. */
  readonly requiresPython: string | undefined
}

/** A reader of the files of a request by their paths. */
export type ReadText = (path: string) => Promise<string | undefined>

// A change in what a layer looks like makes all that are there already useless.
const FORMAT = 1

/** Names a set of packages on a base, for one project: see `docs/dependencies.md`. */
export function getLayerKey(project: string, base: string, specification: Specification): string {
  const { kind, entry, requiresPython, files } = specification
  const digests = [...files].map(([path, bytes]) => [path, createHash('sha256').update(bytes).digest('hex')])
  const parts = [FORMAT, project, base, kind, entry, requiresPython ?? null, digests.sort()]
  return createHash('sha256').update(JSON.stringify(parts)).digest('hex')
}

/** A refusal before any installer is started: there is no output. */
export const toRefusal = (message: string): InstallError => new InstallError(message, new Uint8Array())
