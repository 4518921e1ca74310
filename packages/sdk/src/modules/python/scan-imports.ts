import { createLineCounter } from '../line-counter.js'

/** An import as it is written in a Python module. */
export interface PythonImport {
  /** The number of leading dots: 0 for an absolute import. */
  readonly level: number
  /** The module's name in its parts, without the dots; empty in `from . import a`. */
  readonly name: readonly string[]
  /** What is imported from it, each perhaps a module of its own; `*` as it is written. */
  readonly members: readonly string[]
  /** From 1. */
  readonly line: number
}

const GAP = String.raw`(?:[ \t\f]|\\\r?\n)`
const WORD_BEFORE = String.raw`(?<![\p{ID_Continue}])`
const WORD_AFTER = String.raw`(?![\p{ID_Continue}])`
const REST_OF_LINE = String.raw`[^\n;#\\"']*(?:\\\r?\n[^\n;#\\"']*)*`
const IN_PARENTHESES = String.raw`\([^()#]*(?:#[^\n]*[^()#]*)*\)`

// `import` and `from` are keywords: outside of strings and comments they stand nowhere but in statements.
const TOKEN = new RegExp(
  [
    '#[^\\n]*',
    `(?<quote>"""|'''|"|')`,
    String.raw`(?:import_module|__import__)\s*\(\s*[rRuU]?(?<mark>["'])(?<literal>[^"'\n\\]*)\k<mark>(?=\s*[,)])`,
    `${WORD_BEFORE}from${GAP}*(?<from>[\\p{ID_Continue}.](?:[\\p{ID_Continue}.]|${GAP})*)(?<=[. \\t\\f\\n])import${WORD_AFTER}${GAP}*(?<members>${IN_PARENTHESES}|${REST_OF_LINE})`,
    `${WORD_BEFORE}import${GAP}+(?<modules>${REST_OF_LINE})`,
  ].join('|'),
  'gu',
)

/**
 * Finds the imports of a Python module wherever they stand, also under conditions and in functions, and calls of
 * `import_module` with a literal. A small lexer of its own, as the parser there is takes longer to load than a small
 * script takes to run.
 */
export function scanImports(text: string): PythonImport[] {
  const imports: PythonImport[] = []
  const lineAt = createLineCounter(text)
  TOKEN.lastIndex = 0
  for (let token = TOKEN.exec(text); token !== null; token = TOKEN.exec(text)) {
    const { quote, literal, from, members, modules } = token.groups ?? {}
    const add = (name: string, names: readonly string[] = []): void =>
      void imports.push({ ...toName(name), members: names, line: lineAt(token.index) })
    if (quote !== undefined) TOKEN.lastIndex = findStringEnd(text, TOKEN.lastIndex, quote)
    else if (literal !== undefined) add(literal)
    else if (from !== undefined) add(from, toWords(members ?? ''))
    else if (modules !== undefined) for (const module of toWords(modules)) add(module)
  }
  return imports
}

/** Where a string ends. One in single quotes ends with its line, closed or not. */
function findStringEnd(text: string, start: number, quote: string): number {
  const end = new RegExp(quote.length === 3 ? `\\\\[^]|${quote}` : `\\\\[^]|\\n|${quote}`, 'g')
  end.lastIndex = start
  for (let found = end.exec(text); found !== null; found = end.exec(text))
    if (!found[0].startsWith('\\')) return end.lastIndex
  return text.length
}

/** `a.b as c, (d)` → `a.b`, `d`. */
const toWords = (list: string): string[] =>
  list
    .replace(/#[^\n]*/g, '')
    .replace(/[()\\]/g, ' ')
    .split(',')
    .map((each) => each.replace(/\s+as\s[^]*/, '').replace(/\s/g, ''))
    .filter((word) => word !== '')

function toName(written: string): Pick<PythonImport, 'level' | 'name'> {
  const [, dots = '', name = ''] = /^(\.*)([^]*)$/.exec(written.replace(/[\s\\]/g, '')) ?? []
  return { level: dots.length, name: name === '' ? [] : name.split('.') }
}
