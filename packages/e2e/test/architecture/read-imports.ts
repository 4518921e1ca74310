import { readdirSync, readFileSync } from 'node:fs'
import { join, posix } from 'node:path'
import ts from 'typescript'

/** What one file takes from another. */
export interface Import {
  readonly specifier: string
  /** `type` leaves no trace at run time; `dynamic` loads only when it is reached. */
  readonly kind: 'value' | 'type' | 'dynamic'
}

/** The imports of every source file, by its path from the root of the repository. */
export type ImportGraph = ReadonlyMap<string, readonly Import[]>

/** The imports of one source text. With `verbatimModuleSyntax` only whole `import type` statements vanish. */
export function parseImports(text: string): Import[] {
  const imports: Import[] = []
  const add = (kind: Import['kind'], specifier: ts.Node | undefined): void => {
    if (specifier !== undefined && ts.isStringLiteralLike(specifier))
      imports.push({ kind, specifier: specifier.text })
  }
  const visit = (node: ts.Node): void => {
    if (ts.isImportDeclaration(node))
      add(
        node.importClause?.phaseModifier === ts.SyntaxKind.TypeKeyword ? 'type' : 'value',
        node.moduleSpecifier,
      )
    else if (ts.isExportDeclaration(node)) add(node.isTypeOnly ? 'type' : 'value', node.moduleSpecifier)
    else if (ts.isImportTypeNode(node) && ts.isLiteralTypeNode(node.argument))
      add('type', node.argument.literal)
    else if (ts.isCallExpression(node)) {
      if (node.expression.kind === ts.SyntaxKind.ImportKeyword) add('dynamic', node.arguments[0])
      else if (ts.isIdentifier(node.expression) && node.expression.text === 'require')
        add('value', node.arguments[0])
    }
    ts.forEachChild(node, visit)
  }
  visit(ts.createSourceFile('file.ts', text, ts.ScriptTarget.Latest))
  return imports
}

/** Reads the imports of all sources below some folders. */
export function readImportGraph(root: string, folders: readonly string[]): ImportGraph {
  const graph = new Map<string, Import[]>()
  for (const folder of folders) {
    const names = readdirSync(join(root, folder), { recursive: true, encoding: 'utf8' })
    for (const name of names.filter((each) => /\.[jt]s$/.test(each))) {
      const path = posix.join(folder, name.replaceAll('\\', '/'))
      graph.set(path, parseImports(readFileSync(join(root, path), 'utf8')))
    }
  }
  return graph
}
