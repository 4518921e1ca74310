import { specSchema, type RuntimeRecord, type Spec } from '@rgrid/protocol'
import { resolve } from 'node:path'
import { checkCall, toOptionError } from './check-call.js'
import { defined } from './defined.js'
import { findDependencies } from './dependencies/find-dependencies.js'
import { collectFiles, type LocalFile } from './files/collect-files.js'
import { hashFiles } from './files/hash-files.js'
import { readScript } from './files/read-script.js'
import { findModules, NO_MODULES } from './modules/find-modules.js'
import { getReach, placeModules } from './modules/place-modules.js'
import { pickRuntime } from './pick-runtime.js'
import type { RunOptions } from './run-options.js'

/** A request that is ready to be sent, and where its files are on this machine. */
export interface PreparedSpec {
  readonly spec: Spec
  readonly sources: readonly LocalFile[]
  /** What the script imports from outside of the current directory, which stays here. */
  readonly left: readonly LocalFile[]
}

/**
 * Turns a call of `run` into a request: checks everything that can be checked here, finds what travels and hashes it.
 *
 * @param listRuntimes - asks what runners offer; called only for a runtime that not every RGrid knows.
 * @throws RGridError `invalid_request` or `unknown_runtime`, naming the field, the limit and the next step, and what
 * `listRuntimes` throws.
 */
export async function prepareSpec(
  script: string,
  options: RunOptions,
  listRuntimes: () => Promise<readonly RuntimeRecord[]>,
): Promise<PreparedSpec> {
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
  const { env, executor, image, network, isolation, timeoutMs, labels, key, outputs } = options
  const parsed = specSchema.safeParse({
    ...collection,
    ...defined({ env, executor, image, network, isolation, timeoutMs, labels, key, outputs }),
    runtime,
    resources: defined({ cpus, memoryMib, pids, diskMib }),
    ...defined({ dependencies: found.dependencies }),
    files: await hashFiles(sources, new Map([[source, read]])),
  })
  if (!parsed.success) throw toOptionError(parsed.error)
  return { spec: parsed.data, sources, left }
}

/** A file that is there for two reasons travels once, for the first of them. */
function unite(...lists: readonly (readonly LocalFile[])[]): LocalFile[] {
  const files = new Map<string, LocalFile>()
  for (const file of lists.flat()) if (!files.has(file.path)) files.set(file.path, file)
  return [...files.values()]
}
