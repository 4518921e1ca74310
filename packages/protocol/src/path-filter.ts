import * as z from 'zod'
import { expandBraces, parseGlob, splitPath, type Glob } from './glob.js'
import { LIMITS } from './limits.js'
import { CONTROL } from './paths.js'

/** Chooses paths by patterns. */
export interface PathFilter {
  /** Whether a path is chosen. */
  takes(path: string): boolean
  /** The patterns that have matched none of the paths so far; those with `!` may match none. */
  listUnmatched(): string[]
}

/** Says what is wrong with a pattern of paths, or `undefined` when it is fine. */
export function findPatternFault(pattern: string): string | undefined {
  const { glob } = readPattern(pattern)
  if (glob === '') return 'is empty'
  if (CONTROL.test(pattern)) return 'has a control character'
  if (!pattern.isWellFormed()) return 'is not valid Unicode'
  if (Buffer.byteLength(pattern) > LIMITS.patternBytes)
    return `is over the limit of ${LIMITS.patternBytes} bytes`
  if (glob.startsWith('/')) return 'is absolute: write it relative to the working directory'
  if (glob.split('/').some((part) => part === '.' || part === '..')) return 'has a "." or ".." part'
  return undefined
}

const patternSchema = z.string('must be text').superRefine((pattern, context) => {
  const fault = findPatternFault(pattern)
  if (fault !== undefined)
    context.addIssue({ code: 'custom', message: `${JSON.stringify(pattern)} ${fault}` })
})

/** Patterns that choose paths, as {@link createPathFilter} reads them. */
export const patternsSchema = z
  .array(patternSchema)
  .min(1, 'is empty: leave it out to take all files')
  .max(LIMITS.patterns, `more than the limit of ${LIMITS.patterns} patterns`)
  .superRefine((patterns, context) => {
    if (expandAll(patterns) === undefined)
      context.addIssue({
        code: 'custom',
        message: `its {a,b} make more than the limit of ${LIMITS.patternChoices} patterns`,
      })
  })

/**
 * Makes a filter of patterns: a path is chosen when one of them matches it and none that begins with `!` does. Where all
 * begin with `!`, everything else is chosen.
 *
 * @throws TypeError for patterns that {@link patternsSchema} refuses.
 */
export function createPathFilter(patterns: readonly string[]): PathFilter {
  const rules = (expandAll(patterns) ?? tooMany()).map(({ choices, ...rule }) => ({
    ...rule,
    globs: choices.map(parseGlob),
  }))
  const included = rules.filter(({ isExcluded }) => !isExcluded)
  const excluded = rules.filter(({ isExcluded }) => isExcluded)
  const unmatched = new Set(included)
  return {
    takes(path) {
      const split = splitPath(path)
      const matches = ({ globs }: { readonly globs: readonly Glob[] }): boolean =>
        globs.some((glob) => glob.matches(split))
      const found = included.filter((rule) => matches(rule))
      for (const rule of found) unmatched.delete(rule)
      return (found.length > 0 || included.length === 0) && !excluded.some((rule) => matches(rule))
    },
    listUnmatched: () => [...unmatched].map(({ pattern }) => pattern),
  }
}

interface Rule {
  readonly pattern: string
  readonly isExcluded: boolean
  readonly choices: readonly string[]
}

function expandAll(patterns: readonly string[]): Rule[] | undefined {
  const rules: Rule[] = []
  let left: number = LIMITS.patternChoices
  for (const pattern of patterns) {
    const { isExcluded, glob } = readPattern(pattern)
    const choices = expandBraces(glob, left)
    if (choices === undefined) return undefined
    left -= choices.length
    rules.push({ pattern, isExcluded, choices })
  }
  return rules
}

function readPattern(pattern: string): { readonly isExcluded: boolean; readonly glob: string } {
  const isExcluded = pattern.startsWith('!')
  return { isExcluded, glob: pattern.slice(isExcluded ? 1 : 0).replace(/^(?:\.\/+)+/, '') }
}

function tooMany(): never {
  throw new TypeError(`the patterns make more than the limit of ${LIMITS.patternChoices}`)
}
