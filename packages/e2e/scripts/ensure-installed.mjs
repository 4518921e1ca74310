// Makes a fresh clone ready: dependencies always, built packages with --build. Does nothing where nothing is missing.
// Uses only what Node brings along, as it runs before anything is installed.
import { spawn } from 'node:child_process'
import { existsSync, readdirSync, readFileSync, statSync } from 'node:fs'
import { availableParallelism } from 'node:os'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'

const root = fileURLToPath(new URL('../../../', import.meta.url))
const readJson = (path) => JSON.parse(readFileSync(join(root, path), 'utf8'))

function requireNode() {
  const wanted = /(\d+)\.(\d+)/.exec(readJson('package.json').engines.node)
  const [major, minor] = process.versions.node.split('.').map(Number)
  if (major > Number(wanted[1]) || (major === Number(wanted[1]) && minor >= Number(wanted[2]))) return
  console.error(`RGrid needs Node.js ${wanted[1]}.${wanted[2]} or newer; this is ${process.versions.node}.`)
  process.exit(1)
}

/** What an install is missing, in words; `undefined` when it agrees with the lockfile. */
function findInstallGap() {
  if (!existsSync(join(root, 'node_modules/.package-lock.json'))) return 'nothing is installed'
  if (!existsSync(join(root, 'package-lock.json'))) return undefined
  const wanted = readJson('package-lock.json').packages
  const present = readJson('node_modules/.package-lock.json').packages
  // What is optional may be absent for good, as it may be meant for another platform.
  const gap = Object.entries(wanted).find(
    ([path, { version, optional, devOptional }]) =>
      path !== '' && optional !== true && devOptional !== true && present[path]?.version !== version,
  )
  return gap === undefined ? undefined : `${gap[0]} is not as the lockfile has it`
}

function newestChange(path) {
  const stats = statSync(path, { throwIfNoEntry: false })
  if (stats === undefined) return 0
  if (!stats.isDirectory()) return stats.mtimeMs
  // A folder's own time counts: it changes when a file in it is deleted.
  return Math.max(stats.mtimeMs, ...readdirSync(path).map((name) => newestChange(join(path, name))))
}

/** What a build makes of which source; the last file of each to be written. */
const PRODUCTS = {
  'src/index.ts': 'dist/index.d.ts',
  'src/cli/cli.ts': 'dist/cli.js',
  'src/rgrid.ts': 'dist/rgrid.js',
}

/** The packages whose `dist` is missing or older than what it is made of. */
function findStalePackages() {
  const { workspaces } = readJson('package.json')
  const changed = (paths) => Math.max(...paths.map((path) => newestChange(join(root, path))))
  const shared = changed(['tsup.config.ts', 'tsconfig.base.json'])
  const packages = workspaces.map((workspace) => {
    const { name, scripts, dependencies, devDependencies, peerDependencies } = readJson(
      join(workspace, 'package.json'),
    )
    const uses = Object.keys({ ...dependencies, ...devDependencies, ...peerDependencies })
    const changedAt = changed([join(workspace, 'src'), join(workspace, 'package.json')])
    return { workspace, name, scripts, uses, changedAt }
  })
  // Programs have the packages that they use bundled into them.
  const newest = ({ uses, changedAt }) =>
    Math.max(changedAt, ...packages.filter(({ name }) => uses.includes(name)).map(newest))
  return packages
    .filter((each) => {
      if (each.scripts?.build === undefined) return false
      const products = Object.entries(PRODUCTS)
        .filter(([source]) => existsSync(join(root, each.workspace, source)))
        .map(([, product]) => newestChange(join(root, each.workspace, product)))
      return Math.min(...products) < Math.max(shared, newest(each))
    })
    .map(({ workspace }) => workspace)
}

/** Runs npm. Its own words go to stderr: what runs after this script has stdout for itself. */
function npm(args) {
  const child = spawn('npm', args, {
    cwd: root,
    stdio: ['ignore', 2, 2],
    shell: process.platform === 'win32',
  })
  child.once('error', (error) => console.error(`npm did not start: ${error.message}`))
  return new Promise((resolve) => child.once('close', (code) => resolve(code ?? 1)))
}

// No package needs another to be built first: types come from the sources.
async function build(workspaces) {
  const waiting = [...workspaces]
  const codes = []
  const worker = async () => {
    for (let next = waiting.shift(); next !== undefined; next = waiting.shift())
      codes.push(await npm(['run', 'build', '--silent', '--workspace', next]))
  }
  await Promise.all(Array.from({ length: Math.min(availableParallelism(), 4) }, worker))
  return Math.max(0, ...codes)
}

requireNode()

const gap = findInstallGap()
if (gap !== undefined) {
  console.error(`Installing dependencies: ${gap}.`)
  // Not `npm ci`: it compiles everything anew, and refuses a lockfile that lacks packages for other platforms.
  const code = await npm(['install', '--no-audit', '--no-fund', '--loglevel=error'])
  if (code !== 0) process.exit(code)
}

if (process.argv.includes('--build')) {
  const stale = findStalePackages()
  if (stale.length > 0) {
    console.error(`Building ${stale.join(', ')}.`)
    process.exitCode = await build(stale)
  }
}
