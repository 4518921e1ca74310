import {
  LIMITS,
  RGridError,
  specSchema,
  type Retries,
  type RuntimeRecord,
  type Spec,
  type WireFile,
} from '@rgrid/protocol'
import { resolve } from 'node:path'
import { checkCall, toOptionError } from './check-call.js'
import { defined } from './defined.js'
import { findDependencies } from './dependencies/find-dependencies.js'
import { createUploadBoard, type UploadBoard } from './execution/upload-board.js'
import { collectFiles, type LocalFile } from './files/collect-files.js'
import { collectInputs } from './files/collect-inputs.js'
import type { FileMark } from './files/file-mark.js'
import { hashFiles } from './files/hash-files.js'
import { keepLinks, type Staying } from './files/keep-links.js'
import { readScript, type ReadScript } from './files/read-script.js'
import { createSpool, type Spool } from './files/spool.js'
import { findModules, NO_MODULES } from './modules/find-modules.js'
import { getReach, placeModules } from './modules/place-modules.js'
import { pickRuntime } from './pick-runtime.js'
import type { RunOptions } from './run-options.js'

/** A request that is ready to be sent, and where its files are on this machine. */
export interface PreparedSpec {
  readonly spec: Spec
  readonly sources: readonly LocalFile[]
  /** How the files looked that were hashed, by their place on this machine. */
  readonly marks: ReadonlyMap<string, FileMark>
  /** What was found and does not travel. */
  readonly staying: readonly Staying[]
  /** Removes what is kept of streams until it is sent. */
  readonly release: () => Promise<void>
}

/** A request before its files are read. */
export interface CollectedSpec {
  readonly sources: readonly LocalFile[]
  /** What the script imports from above the current directory, which stays here. */
  readonly left: readonly LocalFile[]
  /** The script itself, which has been read. */
  readonly known: ReadonlyMap<string, ReadScript>
  /** What was found and does not travel. */
  readonly staying: readonly Staying[]
  /** Removes what is kept of streams until it is sent. */
  readonly release: () => Promise<void>
  /** Makes it a request with what is known of the files. @throws RGridError `invalid_request` */
  readonly finish: (files: readonly WireFile[]) => Spec
}

/** What watches over the preparation of a request. */
export interface PrepareOptions {
  /** Hears of what is read. */
  readonly board?: UploadBoard
  /** Ends the preparation. */
  readonly signal?: AbortSignal | undefined
}

/**
 * Turns a call of `run` into a request: collects it, and hashes what travels. Throws as {@link collectSpec} does, and the
 * signal's reason when it aborts.
 */
export async function prepareSpec(
  script: string,
  options: RunOptions,
  listRuntimes: () => Promise<readonly RuntimeRecord[]>,
  { board = createUploadBoard(), signal }: PrepareOptions = {},
): Promise<PreparedSpec> {
  const collected = await collectSpec(script, options, listRuntimes, signal)
  const { sources, known, staying, finish, release } = collected
  try {
    const { files, marks } = await hashFiles(sources, {
      known,
      onTotal: (count, bytes) => board.begin('hashing', count, bytes, staying),
      onRead: board.advance,
      signal,
    })
    return { spec: finish(files), sources, marks, staying, release }
  } catch (error) {
    await release()
    throw error
  }
}

/**
 * Checks everything of a call of `run` that can be checked here, and finds what travels.
 *
 * @param listRuntimes - asks what runners offer; called only for a runtime that not every RGrid knows.
 * @param signal - when it aborts, no stream is read on
 * @throws RGridError `invalid_request` or `unknown_runtime`, naming the field, the limit and the next step, and what
 * `listRuntimes` throws.
 */
export async function collectSpec(
  script: string,
  options: RunOptions,
  listRuntimes: () => Promise<readonly RuntimeRecord[]>,
  signal?: AbortSignal,
): Promise<CollectedSpec> {
  checkCall(script, options)
  const spool = createSpool(signal)
  const release = (): Promise<void> => spool.release()
  try {
    return { ...(await collect(script, options, listRuntimes, spool)), release }
  } catch (error) {
    await release()
    throw error
  }
}

async function collect(
  script: string,
  options: RunOptions,
  listRuntimes: () => Promise<readonly RuntimeRecord[]>,
  spool: Spool,
): Promise<Omit<CollectedSpec, 'release'>> {
  const { args = [], upload = true, dependencies: isWanted = true, requirements } = options
  const cwd = resolve(options.cwd ?? '.')
  const source = resolve(cwd, script)
  const read = readScript(source, script)
  const text = read.bytes.toString()
  const picked = await pickRuntime({ script, text, asked: options.runtime, listRuntimes })
  const { runtime } = picked
  const modules = upload ? await findModules({ cwd, source, text, ...picked }) : NO_MODULES
  const {
    files,
    links: foundLinks,
    ...collection
  } = await collectFiles(cwd, script, args, upload, getReach(modules))
  const { placed, left } = placeModules(collection.script, modules)
  const found = await findDependencies({ cwd, script, text, ...picked, requirements, isWanted })
  const taken = new Set([...files, ...placed, ...found.files].map(({ path }) => path))
  const inputs = await collectInputs(cwd, options, { spool, taken })
  const sources = unite(files, inputs.files, placed, found.files)
  assertCount(sources)
  const folders = [...new Set([...collection.folders, ...inputs.folders])]
  const paths = [...new Set([...foundLinks, ...inputs.links])]
  const { links, staying } = await keepLinks(cwd, paths, { files: sources, folders })
  const { cpus, memoryMib, pids, diskMib } = options
  const request = {
    ...collection,
    folders,
    ...(links.length === 0 ? {} : { links }),
    ...defined(pickSent(options)),
    runtime,
    resources: defined({ cpus, memoryMib, pids, diskMib }),
    ...defined({
      dependencies: found.dependencies,
      stdin: inputs.stdin,
      retries: toRetries(options.retries),
    }),
  }
  const finish = (wireFiles: readonly WireFile[]): Spec => {
    const parsed = specSchema.safeParse({ ...request, files: wireFiles })
    if (!parsed.success) throw toOptionError(parsed.error)
    return parsed.data
  }
  return { sources, left, staying, known: new Map([[source, read]]), finish }
}

// What the server is told as it is.
const SENT = [
  'env',
  'executor',
  'image',
  'network',
  'isolation',
  'timeoutMs',
  'labels',
  'key',
  'priority',
  'cache',
  'outputs',
  'writableInputs',
] as const satisfies (keyof RunOptions)[]

const pickSent = (options: RunOptions) => Object.fromEntries(SENT.map((name) => [name, options[name]]))

const toRetries = (retries: RunOptions['retries']): Retries | undefined =>
  typeof retries === 'number' ? { exit: retries } : retries

/** A file that is there for two reasons travels once, for the first of them. */
function unite(...lists: readonly (readonly LocalFile[])[]): LocalFile[] {
  const files = new Map<string, LocalFile>()
  for (const file of lists.flat()) if (!files.has(file.path)) files.set(file.path, file)
  return [...files.values()]
}

function assertCount(files: readonly LocalFile[]): void {
  if (files.length <= LIMITS.inputFiles) return
  throw new RGridError(
    'invalid_request',
    `files: ${files.length} are more than the limit of ${LIMITS.inputFiles}: leave some out with a .rgridignore file`,
  )
}
