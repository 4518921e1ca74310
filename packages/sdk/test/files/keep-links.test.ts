import { mkdir, symlink } from 'node:fs/promises'
import { dirname, join } from 'node:path'
import { expect, test } from 'vitest'
import { keepLinks } from '../../src/files/keep-links.js'
import { createDirectory } from '../temporary-directory.js'

/** Keeps links, given as path and target, beside files. */
async function keep(links: Record<string, string>, files: string[], folders: string[] = []) {
  const cwd = await createDirectory(
    Object.fromEntries([...files, 'stays/at/home'].map((path) => [path, 'x'])),
  )
  for (const [path, target] of Object.entries(links)) {
    await mkdir(dirname(join(cwd, path)), { recursive: true })
    await symlink(target.replace('CWD', cwd), join(cwd, path))
  }
  return keepLinks(cwd, Object.keys(links), { files: files.map((path) => ({ path })), folders })
}

test.for<[string, string, string, string]>([
  ['a file beside it', 'data/latest', 'a.csv', 'a.csv'],
  ['a file above it', 'data/up', '../main.py', '../main.py'],
  ['a folder', 'current', 'data/runs', 'data/runs'],
  ['its own folder', 'data/self', '.', '.'],
  ['a roundabout place', 'way', './data/../data/a.csv', 'data/a.csv'],
  ['an absolute place that travels', 'data/absolute', 'CWD/data/a.csv', 'a.csv'],
  ['what another link leads to', 'chain', 'current/1/x', 'data/runs/1/x'],
])('a link to %s is kept', async ([, path, target, kept]) => {
  const links = { ...(path === 'chain' ? { current: 'data/runs' } : {}), [path]: target }

  const found = await keep(links, ['main.py', 'data/a.csv', 'data/runs/1/x'])

  expect(found.links).toContainEqual({ path, target: kept })
  expect(found.staying).toEqual([])
})

test.for<[string, string, string]>([
  ['out of the directory', '/etc/passwd', 'is a link that leads out of the current directory'],
  ['out of it by dots', '../../../../../etc/passwd', 'is a link that leads out of the current directory'],
  ['nowhere', 'missing', 'is a link to what does not travel'],
  ['what stays', '../stays/at/home', 'is a link to what does not travel'],
  ['the directory itself', '..', 'is a link that leads out of the current directory'],
])('a link %s stays, with the reason', async ([, target, reason]) => {
  expect(await keep({ 'data/link': target }, ['data/a.csv'])).toEqual({
    links: [],
    staying: [{ path: 'data/link', reason }],
  })
})

test('a link that travels as a file is no link', async () => {
  expect(await keep({ extra: 'stays/at/home' }, []).then(({ staying }) => staying)).toHaveLength(1)
  const cwd = await createDirectory({ a: 'x' })
  await symlink('a', join(cwd, 'b'))

  expect(await keepLinks(cwd, ['b'], { files: [{ path: 'a' }, { path: 'b' }], folders: [] })).toEqual({
    links: [],
    staying: [],
  })
})
