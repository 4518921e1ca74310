import { describe, expect, it } from 'vitest'
import { readPackageFiles } from '../../src/dependencies/package-files.js'

const LOCK = JSON.stringify({
  lockfileVersion: 3,
  packages: { '': {}, 'node_modules/a': { version: '1.0.0' } },
})
const read = (files: Readonly<Record<string, string>>, folder = '.') =>
  readPackageFiles(folder, async (path) => files[path])

describe('readPackageFiles', () => {
  it('reads manifest and lockfile of a folder', async () => {
    const { files, packages } = await read(
      { 'app/package.json': '{"name":"x"}', 'app/package-lock.json': LOCK },
      'app',
    )

    expect([...files.keys()]).toEqual(['package.json', 'package-lock.json'])
    expect(packages).toBe(1)
  })

  it("leaves out the folder's own scripts", async () => {
    const manifest = '{"scripts":{"postinstall":"make"},"dependencies":{"a":"1"}}'
    const { files } = await read({ 'package.json': manifest, 'package-lock.json': LOCK })

    expect(files.get('package.json')?.toString()).toBe('{"dependencies":{"a":"1"}}')
  })

  it.for([
    ['no manifest', {}, 'package.json is not among the files'],
    ['no lockfile', { 'package.json': '{}' }, 'package.json has no package-lock.json beside it'],
    ["another tool's lockfile", { 'package.json': '{}', 'yarn.lock': '' }, "yarn.lock is not npm's"],
    ['broken JSON', { 'package.json': '{', 'package-lock.json': LOCK }, 'package.json is not JSON'],
    ['a list', { 'package.json': '[]', 'package-lock.json': LOCK }, 'package.json is not what npm writes'],
    [
      'a workspace',
      { 'package.json': '{}', 'package-lock.json': '{"packages":{"node_modules/a":{"link":true}}}' },
      'package-lock.json has node_modules/a on a local path',
    ],
    [
      'a local archive',
      {
        'package.json': '{}',
        'package-lock.json': '{"packages":{"node_modules/a":{"resolved":"file:a.tgz"}}}',
      },
      'package-lock.json has node_modules/a on a local path',
    ],
  ] as const)('refuses %s', async ([, files, message]) => {
    await expect(read(files)).rejects.toThrow(message)
  })
})
