import { realpath } from 'node:fs/promises'
import { dirname, extname, join, posix } from 'node:path'
import type { FileLookup } from '../file-lookup.js'
import type { FindNeeds, ModuleFile, Need } from '../module-file.js'
import { findManifest, listTargets, readManifest } from './manifest.js'
import { scanRequests, type NodeRequest } from './scan-requests.js'

/** Tried by `require` behind the path as it is written; the last three by the loaders of TypeScript. */
const EXTENSIONS = ['.js', '.json', '.node', '.ts', '.mts', '.cts']

// Which module system such a file is in, its package says.
const IS_DECIDED_BY_PACKAGE = /^(?:\.[jt]s)?$/

const IS_TYPESCRIPT = /\.[cm]?ts$/

/**
 * Finds the files that a module of Node asks for, as Node does, with the `package.json` files that decide how they are
 * read. In TypeScript `./a.js` may also be `a.ts`, and extensions may be left out, as its loaders have it. What
 * `node_modules` hold is not looked at.
 */
export function createNodeFinder(lookup: FileLookup): FindNeeds {
  const locate = async (base: ModuleFile, isLoose: boolean): Promise<ModuleFile[]> => {
    const file = await locateFile(base, isLoose)
    if (file !== undefined) return [file]
    return isLoose && (await lookup.isFolder(base.source)) ? locateInFolder(base) : []
  }
  const locateFile = async (base: ModuleFile, isLoose: boolean): Promise<ModuleFile | undefined> => {
    const written = base.beside.endsWith('/') ? [] : [base, ...(isLoose ? toVariants(base) : [])]
    const isThere = await Promise.all(written.map(({ source }) => lookup.isFile(source)))
    return written.find((_, index) => isThere[index])
  }
  const locateInFolder = async (folder: ModuleFile): Promise<ModuleFile[]> => {
    const manifest = joinTo(folder, 'package.json')
    const isThere = await lookup.isFile(manifest.source)
    const { main } = isThere ? await readManifest(manifest.source) : {}
    const mains = main === undefined ? [] : [joinTo(folder, main), joinTo(folder, main, 'index')]
    for (const base of [...mains, joinTo(folder, 'index')]) {
      const file = await locateFile(base, true)
      if (file !== undefined) return isThere ? [manifest, file] : [file]
    }
    return []
  }
  const locateInternal = async (module: ModuleFile, specifier: string): Promise<ModuleFile[]> => {
    const manifest = await findManifest(module, lookup)
    if (manifest === undefined) return []
    const targets = listTargets(await readManifest(manifest.source), specifier)
    const found = await Promise.all(targets.map((target) => locate(joinToSibling(manifest, target), false)))
    return [manifest, ...found.flat()]
  }
  const answer = (module: ModuleFile, { specifier, kind }: NodeRequest): Promise<ModuleFile[]> => {
    if (specifier.startsWith('#')) return locateInternal(module, specifier)
    const isLoose = kind === 'require' || IS_TYPESCRIPT.test(module.source)
    return locate(joinToSibling(module, kind === 'import' ? toPath(specifier) : specifier), isLoose)
  }

  return async (module, text) => {
    const requests = await scanRequests(text)
    const found = await Promise.all(
      requests.map(async (request): Promise<Need[]> => {
        const files = await Promise.all((await answer(module, request)).map(resolveLink))
        return files.map((file) => ({ ...file, line: request.line }))
      }),
    )
    const manifest = IS_DECIDED_BY_PACKAGE.test(extname(module.source))
      ? await findManifest(module, lookup)
      : undefined
    return manifest === undefined ? found.flat() : [...found.flat(), { ...manifest, line: null }]
  }
}

/** Node reads a module where a link leads to, so what that asks for is beside that place. */
const resolveLink = async ({ source, beside }: ModuleFile): Promise<ModuleFile> => ({
  source: await realpath(source).catch(() => source),
  beside,
})

const joinTo = ({ source, beside }: ModuleFile, ...path: string[]): ModuleFile => ({
  source: join(source, ...path),
  beside: posix.join(beside, ...path),
})

const joinToSibling = ({ source, beside }: ModuleFile, path: string): ModuleFile =>
  joinTo({ source: dirname(source), beside: posix.dirname(beside) }, path)

function toVariants({ source, beside }: ModuleFile): ModuleFile[] {
  const written = EXTENSIONS.map((extension) => ({
    source: source + extension,
    beside: beside + extension,
  }))
  const asTypescript = /\.[cm]?js$/.test(source)
    ? [{ source: source.replace(/js$/, 'ts'), beside: beside.replace(/js$/, 'ts') }]
    : []
  return [...written, ...asTypescript]
}

/** An import is a URL: what follows the path is not part of the file's name. */
function toPath(specifier: string): string {
  const path = specifier.replace(/[?#].*$/, '')
  try {
    return decodeURIComponent(path)
  } catch {
    return path
  }
}
