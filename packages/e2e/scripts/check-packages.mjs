// Packs every public package and looks at the tarballs as somebody who installs them would.
import { spawnSync } from 'node:child_process'
import { cpSync, mkdirSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'

const root = fileURLToPath(new URL('../../../', import.meta.url))
const bin = (name) => join(root, 'node_modules/.bin', name)
const readJson = (path) => JSON.parse(readFileSync(path, 'utf8'))

const directory = mkdtempSync(join(tmpdir(), 'rgrid-packages-'))
process.once('exit', () => rmSync(directory, { recursive: true, force: true }))

/** Runs a command and returns its stdout; shows everything it said when it fails. */
function exec(command, args, cwd = root) {
  const { status, stdout, stderr, error } = spawnSync(command, args, { cwd, encoding: 'utf8' })
  if (status === 0) return stdout
  console.error(`${command} ${args.join(' ')} failed:\n${error?.message ?? stdout + stderr}`)
  process.exit(1)
}

const packages = readJson(join(root, 'package.json'))
  .workspaces.map((workspace) => ({ workspace, manifest: readJson(join(root, workspace, 'package.json')) }))
  .filter(({ manifest }) => manifest.private !== true)

/** The entries that can be imported: all but the manifest and the command, which acts when it is loaded. */
const listEntries = ({ name, exports = {} }) =>
  Object.keys(exports)
    .filter((path) => !['./package.json', './cli'].includes(path))
    .map((path) => name + path.slice(1))

function pack({ workspace, manifest }) {
  const [{ filename, files }] = JSON.parse(
    exec('npm', ['pack', '--json', '--silent', '--pack-destination', directory, '--workspace', workspace]),
  )
  for (const name of ['LICENSE', 'README.md', 'package.json'])
    if (!files.some(({ path }) => path === name)) throw new Error(`${manifest.name} does not bring ${name}`)
  return join(directory, filename)
}

function checkTarball({ manifest }, tarball) {
  exec(bin('publint'), ['run', tarball, '--strict'])
  if (listEntries(manifest).length > 0)
    exec(bin('attw'), [tarball, '--profile', 'esm-only', '--exclude-entrypoints', 'cli', 'package.json'])
  console.error(`${manifest.name}: the tarball is in order`)
}

function checkInstalled(tarballs) {
  const project = join(directory, 'project')
  mkdirSync(project)
  writeFileSync(
    join(project, 'package.json'),
    JSON.stringify({ name: 'scratch', private: true, type: 'module' }),
  )
  const quiet = ['--no-audit', '--no-fund', '--loglevel=error']
  // Without scripts: the compiled database is taken from here, as compiling it again would take a minute.
  exec('npm', ['install', '--ignore-scripts', '--prefer-offline', ...quiet, ...tarballs], project)
  const native = 'node_modules/better-sqlite3/build'
  cpSync(join(root, native), join(project, native), { recursive: true })

  for (const entry of packages.flatMap(({ manifest }) => listEntries(manifest))) {
    const check = `if (Object.keys(it).length === 0) throw new Error('exports nothing')`
    exec(process.execPath, ['-e', `import('${entry}').then((it) => { ${check} })`], project)
    exec(
      process.execPath,
      ['--input-type=commonjs', '-e', `const it = require('${entry}'); ${check}`],
      project,
    )
    console.error(`${entry}: can be imported and required`)
  }

  const version = exec('npx', ['--no-install', 'rgrid', '--version'], project).trim()
  const expected = readJson(join(root, 'packages/rgrid/package.json')).version
  if (version !== expected) throw new Error(`rgrid --version says ${version}, not ${expected}`)
  writeFileSync(join(project, 'hello.mjs'), 'console.log("Hello")\n')
  // The project's own dependencies are these tarballs, which are on no registry.
  const run = ['rgrid', 'run', '--executor', 'process', '--no-dependencies', 'hello.mjs']
  const output = exec('npx', ['--no-install', ...run], project)
  if (output !== 'Hello\n') throw new Error(`the installed rgrid printed ${JSON.stringify(output)}`)
  console.error(`rgrid ${version}: runs a script from the installed packages`)
}

process.env.HOME = join(directory, 'home')
process.env.RGRID_URL = ''
const tarballs = packages.map((each) => pack(each))
packages.forEach((each, index) => checkTarball(each, tarballs[index]))
checkInstalled(tarballs)
