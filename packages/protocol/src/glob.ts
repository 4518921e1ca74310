/** A glob, ready to be matched against paths that are split by {@link splitPath}. */
export interface Glob {
  matches(path: SplitPath): boolean
}

/** A path as its parts, each as its characters. */
export type SplitPath = readonly (readonly string[])[]

/** `*` between characters, `**` between parts. */
const ANY = Symbol('any')

type IsCharacter = (character: string) => boolean
type Part = readonly (IsCharacter | typeof ANY)[]

/** Splits a path once for many globs. */
export const splitPath = (path: string): SplitPath => path.split('/').map((part) => Array.from(part))

/**
 * Reads a glob: `*` and `?` within a part of a path, `**` for any number of parts, `[a-z]`, `[!a-z]`, and a backslash
 * in front of what stands for itself. `{a,b}` is expanded by {@link expandBraces} before. A leading dot is nothing special.
 * One that does not end in `*` also matches all that is below it, as that of a folder should.
 */
export function parseGlob(glob: string): Glob {
  const parts = glob.split('/').filter((part) => part !== '')
  const read = parts.map((part) => (part === '**' ? ANY : parsePart(part)))
  if (parts.at(-1)?.endsWith('*') !== true) read.push(ANY)
  return { matches: (path) => isMatch(read, path, (part, name) => isMatch(part, name, isCharacter)) }
}

const isCharacter = (is: IsCharacter, character: string): boolean => is(character)

/**
 * Whether items follow a pattern. By hand rather than by a regular expression, which some patterns and names would keep
 * busy for ever; this takes at most as many steps as both have items, multiplied.
 */
function isMatch<P, T>(
  pattern: readonly (P | typeof ANY)[],
  items: readonly T[],
  isOne: (one: P, item: T) => boolean,
): boolean {
  let next = 0
  let from = 0
  let lastAny: number | undefined
  for (let index = 0; index < items.length;) {
    const one = pattern[next]
    if (one === ANY) {
      lastAny = next++
      from = index
    } else if (one !== undefined && isOne(one, items[index] as T)) {
      next++
      index++
    } else if (lastAny === undefined) return false
    else {
      next = lastAny + 1
      index = ++from
    }
  }
  return pattern.slice(next).every((one) => one === ANY)
}

function parsePart(part: string): Part {
  const characters = Array.from(part)
  const read: (IsCharacter | typeof ANY)[] = []
  for (let index = 0; index < characters.length; index++) {
    const character = characters[index] ?? ''
    const set = character === '[' ? parseSet(characters, index) : undefined
    if (character === '*') read.push(ANY)
    else if (character === '?') read.push(() => true)
    else if (set !== undefined) {
      read.push(set.is)
      index = set.end
    } else {
      const literal = character === '\\' ? (characters[++index] ?? character) : character
      read.push((one) => one === literal)
    }
  }
  return read
}

/** Reads `[…]` from its bracket on; `undefined` when it is never closed, and the bracket stands for itself. */
function parseSet(
  characters: readonly string[],
  start: number,
): { readonly is: IsCharacter; readonly end: number } | undefined {
  const isNegated = characters[start + 1] === '!' || characters[start + 1] === '^'
  const first = start + (isNegated ? 2 : 1)
  // A bracket that comes first is one of the set.
  const end = characters.indexOf(']', first + 1)
  if (end === -1) return undefined
  const ranges: (readonly [from: string, to: string])[] = []
  for (let index = first; index < end; index++) {
    const from = characters[index] ?? ''
    const isRange = characters[index + 1] === '-' && index + 2 < end
    ranges.push([from, isRange ? (characters[index + 2] ?? from) : from])
    if (isRange) index += 2
  }
  return { end, is: (one) => ranges.some(([from, to]) => from <= one && one <= to) !== isNegated }
}

/**
 * Writes out `{a,b}`, also within one another: `{a,b{c,d}}` is `a`, `bc` and `bd`. Braces without a comma, or never
 * closed, stand for themselves.
 *
 * @returns `undefined` when there are more than `most`.
 */
export function expandBraces(pattern: string, most: number): string[] | undefined {
  const done: string[] = []
  for (const left = [pattern]; ;) {
    const text = left.pop()
    if (text === undefined) return done.reverse()
    const brace = findBrace(text)
    if (brace === undefined) done.push(text)
    else {
      const [before, after] = [text.slice(0, brace.start), text.slice(brace.end + 1)]
      left.push(...brace.choices.map((choice) => before + choice + after))
    }
    if (done.length + left.length > most) return undefined
  }
}

interface Brace {
  readonly start: number
  readonly end: number
  readonly choices: readonly string[]
}

/** Finds the first braces that have a comma. */
function findBrace(text: string): Brace | undefined {
  const open: { readonly start: number; readonly commas: number[] }[] = []
  let found: Brace | undefined
  for (let index = 0; index < text.length; index++) {
    const character = text[index]
    if (character === '\\') index++
    else if (character === '{') open.push({ start: index, commas: [] })
    else if (character === ',') open.at(-1)?.commas.push(index)
    else if (character === '}') {
      const brace = open.pop()
      if (
        brace !== undefined &&
        brace.commas.length > 0 &&
        (found === undefined || brace.start < found.start)
      )
        found = { start: brace.start, end: index, choices: splitAt(text, brace.start, brace.commas, index) }
      if (open.length === 0 && found !== undefined) return found
    }
  }
  return found
}

const splitAt = (text: string, start: number, commas: readonly number[], end: number): string[] =>
  [start, ...commas].map((from, index) => text.slice(from + 1, commas[index] ?? end))
