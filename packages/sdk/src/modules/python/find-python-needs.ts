import { readFile } from 'node:fs/promises'
import { join, posix } from 'node:path'
import type { FileLookup } from '../file-lookup.js'
import type { FindNeeds, ModuleFile, Need } from '../module-file.js'
import { scanImports, type PythonImport } from './scan-imports.js'

/** What an import statement finds: a module, a package, or both undefined for none. */
interface Place {
  /** A folder without an `__init__.py` is a package without a file. */
  readonly file?: string
  /** Where the modules of a package are. */
  readonly folder?: string
}

/**
 * What CPython has in itself or has loaded before the script starts: no file beside the script takes its place.
 * Found by trying them all, in 3.11 to 3.13: this is what is common to their builds.
 */
const NEVER_LOCAL = new Set(
  (
    'abc atexit builtins codecs encodings errno faulthandler gc genericpath io itertools marshal ntpath os posix ' +
    'posixpath pwd runpy site stat sys time zipimport'
  ).split(' '),
)

/**
 * Finds the modules beside a script as `python script.py` does, for which the script's own folder comes first on the
 * path: packages before modules, and folders without an `__init__.py` last.
 *
 * @param root - the script's own folder, absolute, links resolved
 */
export function createPythonFinder(root: string, lookup: FileLookup): FindNeeds {
  const locate = async (name: string): Promise<Place | undefined> => {
    const folder = join(root, name)
    const [isFolder, isModule] = await Promise.all([lookup.isFolder(folder), lookup.isFile(`${folder}.py`)])
    if (isFolder && (await lookup.isFile(join(folder, '__init__.py'))))
      return { file: `${name}/__init__.py`, folder: name }
    if (isModule) return { file: `${name}.py` }
    return isFolder ? { folder: name } : undefined
  }
  const follow = async (name: readonly string[], members: readonly string[]): Promise<string[]> => {
    const files: string[] = []
    let last: Place | undefined = {}
    for (const [depth] of name.entries()) {
      if (depth > 0 && last.folder === undefined) return files
      last = await locate(name.slice(0, depth + 1).join('/'))
      if (last === undefined) return files
      if (last.file !== undefined) files.push(last.file)
    }
    const { folder } = last
    if (folder === undefined) return files
    const names = members.includes('*') ? await readAll(root, last) : members
    const places = await Promise.all(names.map((member) => locate(`${folder}/${member}`)))
    return [...files, ...places.flatMap((place) => place?.file ?? [])]
  }
  return async (module, text) => {
    const found = await Promise.all(
      scanImports(text).map(async (each): Promise<Need[]> => {
        const name = toAbsolute(module, each)
        if (name === undefined) return []
        const files = await follow(name, each.members)
        return files.map((beside) => ({ source: join(root, beside), beside, line: each.line }))
      }),
    )
    return found.flat()
  }
}

/** The name from the script's folder on, or `undefined` for one that is not there. */
function toAbsolute({ beside }: ModuleFile, { level, name }: PythonImport): readonly string[] | undefined {
  if (level === 0) return name[0] === undefined || NEVER_LOCAL.has(name[0]) ? undefined : name
  const folder = posix.dirname(beside)
  const parents = folder === '.' ? [] : folder.split('/')
  // The script's folder is no package.
  if (level > parents.length) return undefined
  return [...parents.slice(0, parents.length - level + 1), ...name]
}

/** The names of `__all__`, where it is written out: `import *` loads them. */
async function readAll(root: string, { file }: Place): Promise<string[]> {
  if (file === undefined) return []
  const text = await readFile(join(root, file), 'utf8').catch(() => '')
  const [, list = ''] = /^__all__\b[^=\n]*=\s*[[(]([^\])]*)/m.exec(text) ?? []
  return [...list.matchAll(/["'](\w+)["']/g)].map(([, name = '']) => name)
}
