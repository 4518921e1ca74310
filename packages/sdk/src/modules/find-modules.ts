import { LIMITS, type Runtime } from '@rgrid/protocol'
import { readFile, realpath } from 'node:fs/promises'
import { basename, dirname } from 'node:path'
import { createBashFinder } from './bash/find-bash-needs.js'
import { createFileLookup, type FileLookup } from './file-lookup.js'
import type { FindNeeds, ModuleFile, Need } from './module-file.js'
import { createNodeFinder } from './node/find-node-needs.js'
import { createPythonFinder } from './python/find-python-needs.js'

/** A script whose local modules are looked for. */
export interface ModuleQuery {
  readonly cwd: string
  /** Where the script is, absolute. */
  readonly source: string
  /** The script itself. */
  readonly text: string
  readonly runtime: Runtime
  /** What installs packages for the runtime: it says which language it is for. */
  readonly installer: string | null
}

/** A file that a script loads from beside it, and who asks for it. */
export interface LocalModule extends Need {
  /** The path of the module that asks for it, from the folder of the script. */
  readonly by: string
}

export const NO_MODULES: readonly LocalModule[] = []

// As many files are open at a time.
const PARALLEL_READS = 16

const IS_CODE = /\.(?:py|[cm]?[jt]s|sh|bash)$|(?:^|\/)[^./]+$/

/**
 * Finds the local modules that a script loads, directly and through each other, by reading them. What is not there is
 * not looked for further, and what `node_modules` hold stays: packages are installed.
 */
export async function findModules(query: ModuleQuery): Promise<readonly LocalModule[]> {
  const lookup = createFileLookup()
  const { script, find } = await createFinder(query, lookup)
  if (find === undefined) return NO_MODULES
  const found = new Map<string, LocalModule | undefined>([[script.beside, undefined]])
  const look = async (module: ModuleFile, text: string | undefined): Promise<LocalModule[]> => {
    const needs = text === undefined ? [] : await find(module, text)
    return needs.map((need) => ({ ...need, by: module.beside }))
  }

  let named = await look(script, query.text)
  while (named.length > 0) {
    const added = named.filter((module) => {
      const isNew = !found.has(module.beside) && !isInstalled(module)
      if (isNew) found.set(module.beside, module)
      return isNew
    })
    if (found.size > LIMITS.inputFiles) break
    named = (await mapParallel(added, async (module) => look(module, await read(module, lookup)))).flat()
  }
  return [...found.values()].filter((module) => module !== undefined)
}

/** How needs are found, by the language of the script: nothing for one that is not known. */
async function createFinder(
  { cwd, source, runtime, installer }: ModuleQuery,
  lookup: FileLookup,
): Promise<{ readonly script: ModuleFile; readonly find: FindNeeds | undefined }> {
  const here = { source, beside: basename(source) }
  if (runtime.startsWith('bash'))
    return { script: here, find: createBashFinder(cwd, dirname(source), lookup) }
  // Both look beside the place that a link to the script leads to.
  const script = { source: await realpath(source), beside: basename(source) }
  if (installer === 'pip') return { script, find: createPythonFinder(dirname(script.source), lookup) }
  return { script, find: installer === 'npm' ? createNodeFinder(lookup) : undefined }
}

const isInstalled = ({ beside }: ModuleFile): boolean => beside.split('/').includes('node_modules')

/** A module's text, or `undefined` for one that asks for nothing or is too large to be read. */
async function read({ source, beside }: ModuleFile, lookup: FileLookup): Promise<string | undefined> {
  if (!IS_CODE.test(beside)) return undefined
  const stats = await lookup.find(source)
  if (stats === undefined || stats.size > LIMITS.moduleBytes) return undefined
  return readFile(source, 'utf8').catch(() => undefined)
}

/** Reads what is there with a bound on open files; the limiter is loaded by who has something to read. */
async function mapParallel<T, R>(items: readonly T[], work: (item: T) => Promise<R>): Promise<R[]> {
  if (items.length === 0) return []
  const { limitFunction } = await import('p-limit')
  return Promise.all(items.map(limitFunction(work, { concurrency: PARALLEL_READS })))
}
