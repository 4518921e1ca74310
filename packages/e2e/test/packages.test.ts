import { readFileSync } from 'node:fs'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { describe, expect, test } from 'vitest'

// What the manifests promise. The tarballs themselves are looked at by `npm run packages`.

const root = fileURLToPath(new URL('../../../', import.meta.url))
const readText = (path: string): string => readFileSync(join(root, path), 'utf8')
const readJson = (path: string): unknown => JSON.parse(readText(path))

interface Manifest {
  readonly name: string
  readonly version: string
  readonly private?: boolean
  readonly license: string
  readonly engines: { readonly node: string }
  readonly repository: { readonly directory: string }
  readonly publishConfig: { readonly access: string; readonly provenance: boolean }
  readonly dependencies?: Readonly<Record<string, string>>
  readonly devDependencies?: Readonly<Record<string, string>>
}

const { workspaces, engines } = readJson('package.json') as Pick<Manifest, 'engines'> & {
  workspaces: string[]
}
const all = workspaces.map((workspace) => ({
  workspace,
  manifest: readJson(join(workspace, 'package.json')) as Manifest,
}))
const published = all.filter(({ manifest }) => manifest.private !== true)

test.for(published)('$manifest.name is ready to be published', ({ workspace, manifest }) => {
  expect(manifest).toMatchObject({
    license: 'MIT',
    engines,
    repository: { directory: workspace },
    publishConfig: { access: 'public', provenance: true },
  })
  expect(readText(join(workspace, 'LICENSE'))).toBe(readText('LICENSE'))
  expect(readText(join(workspace, 'README.md'))).toMatch(new RegExp(`^# ${manifest.name}\n`))
})

describe('all packages', () => {
  test('are released together, under one version', () => {
    const { fixed } = readJson('.changeset/config.json') as { fixed: string[][] }

    expect(fixed[0]?.toSorted()).toEqual(published.map(({ manifest }) => manifest.name).toSorted())
    expect(new Set(published.map(({ manifest }) => manifest.version)).size).toBe(1)
  })

  test('come after those that they use', () => {
    const names = all.map(({ manifest }) => manifest.name)
    const wrong = all.flatMap(({ manifest: { name, dependencies, devDependencies } }) =>
      Object.keys({ ...dependencies, ...devDependencies })
        .filter((used) => names.indexOf(used) > names.indexOf(name))
        .map((used) => `${name} before ${used}`),
    )

    expect(wrong).toEqual([])
  })

  test('pin what they depend on', () => {
    const loose = all.flatMap(({ manifest: { name, dependencies, devDependencies } }) =>
      Object.entries({ ...dependencies, ...devDependencies })
        .filter(([, range]) => !/^\d+\.\d+\.\d+$/.test(range))
        .map(([used, range]) => `${name}: ${used} ${range}`),
    )

    expect(loose).toEqual([])
  })
})
