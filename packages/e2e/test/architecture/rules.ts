import { posix } from 'node:path'
import type { Import, ImportGraph } from './read-imports.js'

/** What a package may load at run time. */
export interface Manifest {
  readonly name: string
  readonly dependencies?: Readonly<Record<string, string>>
  readonly peerDependencies?: Readonly<Record<string, string>>
  /** tsup bundles what is only listed here. */
  readonly devDependencies?: Readonly<Record<string, string>>
}

/** Which packages a package may import, by folder. */
const MAY_IMPORT: Readonly<Record<string, readonly string[]>> = {
  protocol: [],
  sdk: ['protocol'],
  server: ['protocol'],
  runner: ['protocol'],
  embedded: ['protocol', 'server', 'runner'],
  rgrid: ['sdk', 'embedded'],
}

const packageOf = (path: string): string => path.split('/')[1] ?? ''

/** `@rgrid/sdk/x` → `sdk`; `undefined` for what is not part of RGrid. */
const siblingOf = (specifier: string): string | undefined =>
  specifier === 'rgrid' ? 'rgrid' : /^@rgrid\/([^/]+)/.exec(specifier)?.[1]

const resolve = (from: string, specifier: string): string =>
  posix.join(posix.dirname(from), specifier).replace(/\.js$/, '.ts')

const isRelative = (specifier: string): boolean => specifier.startsWith('.')

function collect(graph: ImportGraph, fault: (path: string, each: Import) => string | undefined): string[] {
  return [...graph].flatMap(([path, imports]) =>
    imports.flatMap((each) => {
      const words = fault(path, each)
      return words === undefined ? [] : [`${path}: ${each.specifier} ${words}`]
    }),
  )
}

/** Packages import in one direction, and only what others export. */
export function findWrongDirections(graph: ImportGraph): string[] {
  return collect(graph, (path, { specifier, kind }) => {
    const from = packageOf(path)
    if (isRelative(specifier))
      return packageOf(resolve(path, specifier)) === from ? undefined : 'reaches into another package'
    const to = siblingOf(specifier)
    if (to === undefined || MAY_IMPORT[from]?.includes(to) === true) return undefined
    // It is an optional peer: whoever has a server of their own does not install it.
    if (from === 'sdk' && to === 'embedded')
      return kind === 'value' ? 'may only be loaded when it is needed' : undefined
    return `is not for ${from}`
  })
}

interface Layer {
  /** The files that the rule is about. */
  readonly what: RegExp
  /** Who may import them; everybody else in the server may not. */
  readonly importers: RegExp
}

const SERVER = 'packages/server/src/'

const SERVER_LAYERS: readonly Layer[] = [
  { what: /^(?:kysely|better-sqlite3)$/, importers: /\/store\/sqlite\// },
  { what: /\/store\/sqlite\//, importers: /\/store\/sqlite\/|\/src\/index\.ts$/ },
  { what: /\/blobs\/disk-/, importers: /\/blobs\/disk-|\/src\/index\.ts$/ },
  { what: /\/routes\//, importers: /\/routes\/|\/src\/(?:create-)?(?:app|server)\.ts$/ },
  { what: /\/services\//, importers: /\/services\/|\/routes\/|\/src\/(?:create-)?(?:app|server)\.ts$/ },
]

/**
 * Inside the server: app → routes → services → interfaces. Drivers are exported for the program that puts a server
 * together, and named nowhere else.
 */
export function findServerLayerFaults(graph: ImportGraph): string[] {
  return collect(graph, (path, { specifier }) => {
    if (!path.startsWith(SERVER)) return undefined
    const target = isRelative(specifier) ? resolve(path, specifier) : specifier
    const broken = SERVER_LAYERS.find(({ what, importers }) => what.test(target) && !importers.test(path))
    return broken === undefined ? undefined : 'is not for this layer'
  })
}

/** No file imports the index of its own package: that is how cycles begin. */
export function findOwnIndexImports(graph: ImportGraph): string[] {
  return collect(graph, (path, { specifier }) => {
    const target = isRelative(specifier) ? resolve(path, specifier) : undefined
    return target === `packages/${packageOf(path)}/src/index.ts` ? 'is the own index' : undefined
  })
}

/** Cycles of files that load each other, each as the path around it. */
export function findCycles(graph: ImportGraph): string[] {
  const done = new Set<string>()
  const cycles: string[] = []
  const visit = (path: string, trail: readonly string[]): void => {
    const start = trail.indexOf(path)
    if (start !== -1) cycles.push([...trail.slice(start), path].join(' → '))
    if (start !== -1 || done.has(path)) return
    for (const { specifier, kind } of graph.get(path) ?? [])
      if (kind === 'value' && isRelative(specifier)) visit(resolve(path, specifier), [...trail, path])
    done.add(path)
  }
  for (const path of graph.keys()) visit(path, [])
  return cycles
}

/** Imports that lead to no file. */
export function findDeadEnds(graph: ImportGraph): string[] {
  return collect(graph, (path, { specifier }) =>
    isRelative(specifier) && !specifier.endsWith('.json') && !graph.has(resolve(path, specifier))
      ? 'is not there'
      : undefined,
  )
}

/** What is loaded at run time without being listed in the package's own package.json. */
export function findUnlistedDependencies(
  graph: ImportGraph,
  manifests: Readonly<Record<string, Manifest>>,
): string[] {
  return collect(graph, (path, { specifier, kind }) => {
    if (kind === 'type' || isRelative(specifier) || specifier.startsWith('node:')) return undefined
    const name = /^(?:@[^/]+\/)?[^/]+/.exec(specifier)?.[0] ?? specifier
    const { dependencies, peerDependencies, devDependencies } = manifests[packageOf(path)] ?? { name: '' }
    const isListed = [dependencies, peerDependencies, devDependencies].some(
      (list) => list?.[name] !== undefined,
    )
    return isListed ? undefined : 'is not listed in package.json'
  })
}
