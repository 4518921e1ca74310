import { mkdir, writeFile } from 'node:fs/promises'
import { dirname, join } from 'node:path'
import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { createProject } from './support/project.js'
import { hasDocker, hasRegistries } from './support/requirements.js'
import { KINDS, type World } from './support/worlds.js'

const THREE = { 'requirements.txt': 'six==1.16.0\nidna==3.10\ncertifi\n' }
const IMPORT = `
import six, idna, certifi
print(six.__version__, idna.encode('ü.example').decode(), certifi.where().endswith('.pem'))
`
const INLINE = `# /// script
# dependencies = ["six==1.16.0"]
# ///
import six
print(six.__version__)
`
const PACKAGE = {
  'package.json': JSON.stringify({
    name: 'a',
    version: '1.0.0',
    type: 'module',
    dependencies: { 'is-number': '7.0.0' },
  }),
  'package-lock.json': JSON.stringify({
    name: 'a',
    version: '1.0.0',
    lockfileVersion: 3,
    requires: true,
    packages: {
      '': { name: 'a', version: '1.0.0', dependencies: { 'is-number': '7.0.0' } },
      'node_modules/is-number': {
        version: '7.0.0',
        resolved: 'https://registry.npmjs.org/is-number/-/is-number-7.0.0.tgz',
        integrity:
          'sha512-41Cifkg6e8TylSpdtTpeLVMqvSBEVzTttHvERD741+pnZ8ANv0004MRL43QKPDlK9cGvNp6NZWZUBlbGXYxxng==',
      },
    },
  }),
}
const USE_PACKAGE = `import isNumber from 'is-number'\nconsole.log(isNumber('5'), isNumber('x'))\n`
const OFFLINE = `
import socket
try:
    socket.create_connection(('1.1.1.1', 53), 2)
    print('online')
except OSError:
    print('offline')
`

const canInstall = await hasRegistries()
const executors = (await hasDocker()) ? ['docker', 'process'] : ['process']

for (const kind of Object.values(KINDS))
  describe.skipIf(!canInstall || !executors.includes(kind.executor))(
    `dependencies, ${kind.name}, are`,
    () => {
      let world: World
      beforeAll(async () => {
        world = await kind.open()
      })
      afterAll(() => world.close())

      const run = async (files: Record<string, string>, script: string) => {
        const cwd = await createProject({})
        for (const [path, text] of Object.entries(files)) {
          await mkdir(dirname(join(cwd, path)), { recursive: true })
          await writeFile(join(cwd, path), text)
        }
        return world.client.run(script, { cwd, executor: kind.executor })
      }

      test(
        'installed from requirements.txt, once, and there without a network',
        { timeout: 120_000 },
        async () => {
          const files = { ...THREE, 'a.py': IMPORT + OFFLINE }
          const first = await run(files, 'a.py')
          const second = await run(files, 'a.py')

          expect(first.stderr + first.stdout).toMatch(/^1\.16\.0 xn--tda\.example True\n/)
          expect(second.stdout).toBe(first.stdout)
          if (kind.executor === 'docker') expect(second.stdout).toContain('offline')
          expect(second.record.phases?.dependenciesMs).toBeLessThan(first.record.phases?.dependenciesMs ?? 0)
          expect(second.artifacts.map(({ path }) => path)).toEqual([])
        },
      )

      test('installed from the comment of a script', { timeout: 120_000 }, async () => {
        const { stdout, stderr } = await run({ 'b.py': INLINE }, 'b.py')

        expect([stderr, stdout]).toEqual(['', '1.16.0\n'])
      })

      test('installed from package.json and its lockfile', { timeout: 120_000 }, async () => {
        const { stdout, stderr, skipped } = await run({ ...PACKAGE, 'src/c.js': USE_PACKAGE }, 'src/c.js')

        expect([stderr, stdout, skipped]).toEqual(['', 'true false\n', []])
      })

      test('reported with what the installer said when there are none', { timeout: 120_000 }, async () => {
        const files = { 'requirements.txt': 'no-such-package-of-rgrid==1\n', 'd.py': 'print("started")' }
        const { cause, status, stdout, stderr, exitCode } = await run(files, 'd.py')

        expect({ cause, status, stdout, exitCode }).toEqual({
          cause: 'dependency_install',
          status: 'failed',
          stdout: '',
          exitCode: null,
        })
        expect(stderr).toContain('no-such-package-of-rgrid')
      })
    },
  )
