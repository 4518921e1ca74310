import { readFile } from 'node:fs/promises'
import { basename, dirname, join, posix } from 'node:path'
import * as z from 'zod'
import type { FileLookup } from '../file-lookup.js'
import type { ModuleFile } from '../module-file.js'

const manifestSchema = z
  .object({
    main: z.string().optional().catch(undefined),
    imports: z.record(z.string(), z.unknown()).optional().catch(undefined),
  })
  .catch({})

/** What counts of a `package.json` here. */
export type Manifest = z.infer<typeof manifestSchema>

/** Reads a `package.json`. One that is broken says nothing: Node itself will complain. */
export async function readManifest(file: string): Promise<Manifest> {
  const text = await readFile(file, 'utf8').catch(() => '')
  try {
    return manifestSchema.parse(JSON.parse(text))
  } catch {
    return {}
  }
}

/** The `package.json` that decides how Node reads a module: the nearest one above it, within its package. */
export async function findManifest(module: ModuleFile, lookup: FileLookup): Promise<ModuleFile | undefined> {
  let above = '.'
  for (let folder = dirname(module.source); ; folder = dirname(folder), above += '/..') {
    const source = join(folder, 'package.json')
    const beside = posix.join(posix.dirname(module.beside), above, 'package.json')
    if (await lookup.isFile(source)) return { source, beside }
    if (folder === dirname(folder) || basename(folder) === 'node_modules') return undefined
  }
}

/**
 * The files that a name such as `#lib/a` may stand for, as the `imports` of a `package.json` say: those of every
 * condition, as it is not known which ones hold where it runs.
 */
export function listTargets({ imports = {} }: Manifest, specifier: string): string[] {
  if (specifier in imports) return listTexts(imports[specifier]).filter(isRelative)
  const [best] = Object.keys(imports)
    .filter((key) => matchPattern(key, specifier) !== undefined)
    .toSorted((a, b) => b.indexOf('*') - a.indexOf('*'))
  if (best === undefined) return []
  const matched = matchPattern(best, specifier) ?? ''
  return listTexts(imports[best])
    .filter(isRelative)
    .map((target) => target.replaceAll('*', () => matched))
}

const isRelative = (target: string): boolean => target.startsWith('./')

function listTexts(value: unknown): string[] {
  if (typeof value === 'string') return [value]
  return typeof value === 'object' && value !== null ? Object.values(value).flatMap(listTexts) : []
}

/** What the star of a pattern stands for in a name. */
function matchPattern(pattern: string, name: string): string | undefined {
  const [start = '', end] = pattern.split('*')
  if (end === undefined || name.length < start.length + end.length) return undefined
  return name.startsWith(start) && name.endsWith(end)
    ? name.slice(start.length, name.length - end.length)
    : undefined
}
