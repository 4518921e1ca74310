import { execFileSync } from 'node:child_process'
import {
  chmodSync,
  existsSync,
  mkdirSync,
  mkdtempSync,
  readdirSync,
  rmSync,
  symlinkSync,
  writeFileSync,
} from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { expect, onTestFinished, test } from 'vitest'
import { emptyFew, removeTree } from '../../../src/executors/docker/remove-tree.js'

function createFolder(): string {
  const root = mkdtempSync(join(tmpdir(), 'rgrid-tree-'))
  onTestFinished(() => rmSync(root, { recursive: true, force: true }))
  mkdirSync(join(root, 'tree'))
  return join(root, 'tree')
}

const makeMany = (folder: string): void => {
  for (let number = 0; number < 3_000; number++) writeFileSync(join(folder, `file${number}`), '')
}

test('removes a few files and folders, and links but not what they lead to', async () => {
  const tree = createFolder()
  const outside = join(tree, '..', 'outside')
  mkdirSync(join(tree, 'a', 'b'), { recursive: true })
  mkdirSync(outside)
  writeFileSync(join(outside, 'kept'), 'x')
  symlinkSync(outside, join(tree, 'a', 'link'))
  await removeTree(tree)

  expect([existsSync(tree), readdirSync(outside)]).toEqual([false, ['kept']])
})

test.for([
  ['many files', makeMany],
  [
    'paths that are longer than a path may be',
    (folder: string) =>
      execFileSync('sh', ['-c', 'for i in $(seq 40); do mkdir $N && cd -P $N || exit; done; echo x >file'], {
        cwd: folder,
        env: { ...process.env, N: 'd'.repeat(200) },
      }),
  ],
  [
    'folders that are locked',
    (folder: string) => {
      mkdirSync(join(folder, 'locked', 'inside'), { recursive: true })
      chmodSync(join(folder, 'locked'), 0)
    },
  ],
  ['nothing, as it is gone', (folder: string) => rmSync(folder, { recursive: true })],
] as const)('removes %s', async ([, make]) => {
  const tree = createFolder()
  make(tree)
  await removeTree(tree)

  expect(existsSync(tree)).toBe(false)
})

test('empties what holds a few things, and says where there are more', async () => {
  const few = createFolder()
  mkdirSync(join(few, 'a'))
  writeFileSync(join(few, 'a', 'file'), '')
  const many = createFolder()
  makeMany(many)

  expect([await emptyFew(few), readdirSync(few)]).toEqual([true, []])
  expect(await emptyFew(many)).toBe(false)
})
