import { createLineCounter } from '../line-counter.js'

/** What a module of Node asks for, such as `./b.mjs` or `#config`. */
export interface NodeRequest {
  readonly specifier: string
  readonly kind: 'import' | 'require'
  /** From 1. */
  readonly line: number
}

// Also of a comment: a file too many does no harm, and one too few does.
const REQUIRE =
  /(?<![\w$])(?:require(?:\.resolve)?|createRequire\([^()]*\))\s*\(\s*(?<mark>['"`])(?<specifier>[.#][^'"`\n\\]*)\k<mark>(?=\s*[,)])/g

/** Most scripts ask for nothing beside them, and need no lexer. */
const MAY_HAVE_REQUESTS = /['"`][.#]/

/**
 * Finds what a module of JavaScript or TypeScript asks for by relative paths and `#` names: imports, exports from
 * elsewhere, `import()` and `require()` of literals. Imports of types alone are none.
 */
export async function scanRequests(text: string): Promise<NodeRequest[]> {
  if (!MAY_HAVE_REQUESTS.test(text)) return []
  return [...(await scanImports(text)), ...scanRequires(text)]
}

async function scanImports(text: string): Promise<NodeRequest[]> {
  const { init, parse } = await import('es-module-lexer')
  await init()
  const lineAt = createLineCounter(text)
  return parseOrNothing(() => parse(text)[0]).flatMap((found): NodeRequest[] => {
    const line = lineAt(found.importStart)
    const { specifier } = found
    const isLiteral = found.type !== 'dynamic' || !found.glob
    const isType = found.type !== 'dynamic' && found.typeOnly
    if (typeof specifier !== 'string' || !isLiteral || isType || !/^[.#]/.test(specifier)) return []
    return [{ specifier, kind: 'import', line }]
  })
}

/** What is no JavaScript asks for nothing: whatever runs it will say so. */
function parseOrNothing<T>(parse: () => readonly T[]): readonly T[] {
  try {
    return parse()
  } catch {
    return []
  }
}

function scanRequires(text: string): NodeRequest[] {
  const lineAt = createLineCounter(text)
  return [...text.matchAll(REQUIRE)].map(({ index, groups }) => ({
    specifier: groups?.['specifier'] ?? '',
    kind: 'require',
    line: lineAt(index),
  }))
}
