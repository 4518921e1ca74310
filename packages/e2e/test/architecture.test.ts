import { readFileSync } from 'node:fs'
import { fileURLToPath } from 'node:url'
import { describe, expect, test } from 'vitest'
import { parseImports, readImportGraph, type Import, type ImportGraph } from './architecture/read-imports.js'
import {
  findCycles,
  findDeadEnds,
  findOwnIndexImports,
  findServerLayerFaults,
  findUnlistedDependencies,
  findWrongDirections,
  type Manifest,
} from './architecture/rules.js'

const root = fileURLToPath(new URL('../../../', import.meta.url))
const libraries = ['protocol', 'sdk', 'server', 'runner', 'embedded']
const graph = readImportGraph(root, [
  ...libraries.map((name) => `packages/${name}/src`),
  'packages/rgrid/src',
])

const manifests = Object.fromEntries(
  [...libraries, 'rgrid'].map((name) => [
    name,
    JSON.parse(readFileSync(`${root}packages/${name}/package.json`, 'utf8')) as Manifest,
  ]),
)

/** A graph of one or more files, written as `{ 'packages/a/src/x.ts': ['value ./y.js'] }`. */
const plant = (files: Record<string, string[]>): ImportGraph =>
  new Map(
    Object.entries(files).map(([path, imports]) => [
      path,
      imports.map((each): Import => {
        const [kind, specifier = ''] = each.split(' ')
        return { kind: kind as Import['kind'], specifier }
      }),
    ]),
  )

test('the sources of every package are looked at', () => {
  for (const name of libraries)
    expect(
      [...graph.keys()].filter((path) => path.startsWith(`packages/${name}/src/`)).length,
    ).toBeGreaterThan(1)
  expect([...graph.values()].flat().length).toBeGreaterThan(300)
  expect(findDeadEnds(graph)).toEqual([])
})

test('all forms of imports are seen', () => {
  const text = `
    import a from 'a'
    import 'b'
    import { type c } from 'c'
    import type { d } from 'd'
    import type * as e from 'e'
    export { f } from 'f'
    export * from 'g'
    export type { h } from 'h'
    const i = await import('i')
    const j = () => { require('j') }
    type k = import('k').k
    const text = "import z from 'z'" // import y from 'y'
  `

  expect(parseImports(text).map(({ kind, specifier }) => `${specifier} ${kind}`)).toEqual([
    'a value',
    'b value',
    'c value',
    'd type',
    'e type',
    'f value',
    'g value',
    'h type',
    'i dynamic',
    'j value',
    'k type',
  ])
})

describe('packages import in one direction', () => {
  test('as they are', () => {
    expect(findWrongDirections(graph)).toEqual([])
  })

  test.for([
    ['protocol', 'value @rgrid/sdk'],
    ['protocol', 'type @rgrid/server'],
    ['sdk', 'value @rgrid/server'],
    ['sdk', 'type @rgrid/server'],
    ['sdk', 'dynamic @rgrid/runner'],
    ['sdk', 'value @rgrid/embedded'],
    ['sdk', 'value rgrid'],
    ['server', 'value @rgrid/runner'],
    ['server', 'type @rgrid/sdk'],
    ['runner', 'dynamic @rgrid/server'],
    ['runner', 'value @rgrid/embedded'],
    ['embedded', 'value @rgrid/sdk'],
    ['rgrid', 'value @rgrid/server'],
    ['sdk', 'value ../../server/src/store.js'],
  ])('a planted import is found: %s with %s', ([name, planted]) => {
    expect(findWrongDirections(plant({ [`packages/${name}/src/x.ts`]: [planted ?? ''] }))).toHaveLength(1)
  })

  test.for([
    ['sdk', 'dynamic @rgrid/embedded'],
    ['sdk', 'type @rgrid/embedded'],
    ['sdk', 'value @rgrid/protocol/client'],
    ['embedded', 'value @rgrid/server'],
    ['rgrid', 'value @rgrid/sdk'],
    ['runner', 'value ../src/y.js'],
  ])('a right one is not: %s with %s', ([name, planted]) => {
    expect(findWrongDirections(plant({ [`packages/${name}/src/x.ts`]: [planted ?? ''] }))).toEqual([])
  })
})

describe('the server is built in layers', () => {
  test('as it is', () => {
    expect(findServerLayerFaults(graph)).toEqual([])
  })

  test.for([
    ['routes/executions.ts', 'value kysely'],
    ['routes/executions.ts', 'type better-sqlite3'],
    ['routes/executions.ts', 'value ../store/sqlite/open-database.js'],
    ['routes/blobs.ts', 'value ../blobs/disk-blobs.js'],
    ['services/submit.ts', 'type kysely'],
    ['services/submit.ts', 'value ../store/sqlite/sqlite-submit.js'],
    ['services/submit.ts', 'value ../routes/executions.js'],
    ['store/store.ts', 'type ./sqlite/schema.js'],
    ['store/sqlite/sqlite-submit.ts', 'value ../../services/submit.js'],
    ['blobs/disk-blobs.ts', 'value ../routes/blobs.js'],
    ['create-server.ts', 'value ./store/sqlite/create-sqlite-store.js'],
    ['http/problem.ts', 'value ../services/submit.js'],
  ])('a planted import is found: %s with %s', ([path, planted]) => {
    expect(findServerLayerFaults(plant({ [`packages/server/src/${path}`]: [planted ?? ''] }))).toHaveLength(1)
  })
})

describe('no file imports the index of its own package', () => {
  test('as they are', () => {
    expect(findOwnIndexImports(graph)).toEqual([])
  })

  test('a planted import is found', () => {
    const planted = plant({
      'packages/sdk/src/cli/run.ts': ['value ../index.js'],
      'packages/sdk/src/run.ts': ['type ./index.js', 'value ./cli/index.js'],
    })

    expect(findOwnIndexImports(planted)).toHaveLength(2)
  })
})

describe('no files load each other in a circle', () => {
  test('as they are', () => {
    expect(findCycles(graph)).toEqual([])
  })

  test('a planted cycle is found, wherever it is entered', () => {
    const planted = plant({
      'packages/sdk/src/start.ts': ['value ./a.js'],
      'packages/sdk/src/a.ts': ['value ./b.js'],
      'packages/sdk/src/b.ts': ['value ./c/c.js'],
      'packages/sdk/src/c/c.ts': ['value ../a.js'],
    })

    expect(findCycles(planted)).toEqual([
      'packages/sdk/src/a.ts → packages/sdk/src/b.ts → packages/sdk/src/c/c.ts → packages/sdk/src/a.ts',
    ])
  })

  test('types and later loading make no cycle', () => {
    const planted = plant({
      'packages/sdk/src/a.ts': ['value ./b.js'],
      'packages/sdk/src/b.ts': ['type ./a.js', 'dynamic ./a.js'],
    })

    expect(findCycles(planted)).toEqual([])
  })
})

describe('what is loaded at run time is listed in package.json', () => {
  test('as it is', () => {
    expect(findUnlistedDependencies(graph, manifests)).toEqual([])
  })

  test.for(['value uuid', 'dynamic @scope/thing/part', 'value fs', 'value typescript'])(
    'a planted import is found: %s',
    (planted) => {
      expect(findUnlistedDependencies(plant({ 'packages/sdk/src/x.ts': [planted] }), manifests)).toHaveLength(
        1,
      )
    },
  )

  test.for(['value node:fs', 'type dockerode', 'value zod', 'value @rgrid/protocol/client', 'value ./y.js'])(
    'a right one is not: %s',
    (planted) => {
      expect(findUnlistedDependencies(plant({ 'packages/sdk/src/x.ts': [planted] }), manifests)).toEqual([])
    },
  )
})
