import { specSchema, type Retries, type RuntimeRecord, type Spec, type WireFile } from '@rgrid/protocol'
import { resolve } from 'node:path'
import { checkCall, toOptionError } from './check-call.js'
import { defined } from './defined.js'
import { findDependencies } from './dependencies/find-dependencies.js'
import { collectFiles, type LocalFile } from './files/collect-files.js'
import { hashFiles } from './files/hash-files.js'
import { readScript, type ReadScript } from './files/read-script.js'
import { findModules, NO_MODULES } from './modules/find-modules.js'
import { getReach, placeModules } from './modules/place-modules.js'
import { pickRuntime } from './pick-runtime.js'
import type { RunOptions } from './run-options.js'

/** A request that is ready to be sent, and where its files are on this machine. */
export interface PreparedSpec {
  readonly spec: Spec
  readonly sources: readonly LocalFile[]
}

/** A request before its files are read. */
export interface CollectedSpec {
  readonly sources: readonly LocalFile[]
  /** What the script imports from above the current directory, which stays here. */
  readonly left: readonly LocalFile[]
  /** The script itself, which has been read. */
  readonly known: ReadonlyMap<string, ReadScript>
  /** Makes it a request with what is known of the files. @throws RGridError `invalid_request` */
  readonly finish: (files: readonly WireFile[]) => Spec
}

/** Turns a call of `run` into a request: collects it, and hashes what travels. Throws as {@link collectSpec} does. */
export async function prepareSpec(...call: Parameters<typeof collectSpec>): Promise<PreparedSpec> {
  const { sources, known, finish } = await collectSpec(...call)
  return { spec: finish(await hashFiles(sources, known)), sources }
}

/**
 * Checks everything of a call of `run` that can be checked here, and finds what travels.
 *
 * @param listRuntimes - asks what runners offer; called only for a runtime that not every RGrid knows.
 * @throws RGridError `invalid_request` or `unknown_runtime`, naming the field, the limit and the next step, and what
 * `listRuntimes` throws.
 */
export async function collectSpec(
  script: string,
  options: RunOptions,
  listRuntimes: () => Promise<readonly RuntimeRecord[]>,
): Promise<CollectedSpec> {
  checkCall(script, options)
  const { args = [], upload = true, dependencies: isWanted = true, requirements } = options
  const cwd = resolve(options.cwd ?? '.')
  const source = resolve(cwd, script)
  const read = await readScript(source, script)
  const text = read.bytes.toString()
  const picked = await pickRuntime({ script, text, asked: options.runtime, listRuntimes })
  const { runtime } = picked
  const modules = upload ? await findModules({ cwd, source, text, ...picked }) : NO_MODULES
  const { files, ...collection } = await collectFiles(cwd, script, args, upload, getReach(modules))
  const { placed, left } = placeModules(collection.script, modules)
  const found = await findDependencies({ cwd, script, text, ...picked, requirements, isWanted })
  const sources = unite(files, placed, found.files)
  const { cpus, memoryMib, pids, diskMib } = options
  const request = {
    ...collection,
    ...defined(pickSent(options)),
    runtime,
    resources: defined({ cpus, memoryMib, pids, diskMib }),
    ...defined({ dependencies: found.dependencies, retries: toRetries(options.retries) }),
  }
  const finish = (wireFiles: readonly WireFile[]): Spec => {
    const parsed = specSchema.safeParse({ ...request, files: wireFiles })
    if (!parsed.success) throw toOptionError(parsed.error)
    return parsed.data
  }
  return { sources, left, known: new Map([[source, read]]), finish }
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
  'outputs',
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
