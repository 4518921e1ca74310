import { dirname, relative, resolve } from 'node:path'
import { toPosix } from '../../files/within.js'
import type { FileLookup } from '../file-lookup.js'
import { createLineCounter } from '../line-counter.js'
import type { FindNeeds, ModuleFile, Need } from '../module-file.js'

const SOURCE =
  /(?:^|[;&|{(]|\b(?:then|do|else)\s)\s*(?:source|\.)\s+(?<mark>["']?)(?:\$\(dirname\s+(?:--\s+)?"?(?<folder>\$0|\$\{0\}|\$BASH_SOURCE|\$\{BASH_SOURCE(?:\[0\])?\})"?\)\/)?(?<path>[\w./@+-]+)\k<mark>(?=[\s;&|)]|$)/gm

/**
 * Finds the files that a bash script sources by a literal relative path, which is one from the current directory, or
 * by the common `"$(dirname "$0")/file"`.
 *
 * @param folder - the script's own folder, absolute
 */
export function createBashFinder(cwd: string, folder: string, lookup: FileLookup): FindNeeds {
  return async (module: ModuleFile, text: string) => {
    const lineAt = createLineCounter(text)
    const needs = [...text.matchAll(SOURCE)].map(({ index, groups }): Need => {
      const written = groups?.['folder']
      const from =
        written === undefined ? cwd : written.includes('BASH_SOURCE') ? dirname(module.source) : folder
      const source = resolve(from, groups?.['path'] ?? '')
      return { source, beside: toPosix(relative(folder, source)), line: lineAt(index + 1) }
    })
    const isThere = await Promise.all(needs.map(({ source }) => lookup.isFile(source)))
    return needs.filter((_, index) => isThere[index])
  }
}
