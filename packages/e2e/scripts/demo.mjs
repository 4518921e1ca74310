// Runs examples/csv-report in this process, as a person would from that folder.
import { spawn } from 'node:child_process'
import { mkdtempSync, readdirSync, rmSync, statSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join, relative } from 'node:path'
import { fileURLToPath } from 'node:url'

const root = fileURLToPath(new URL('../../../', import.meta.url))
const folder = join(root, 'examples/csv-report')
const output = join(folder, 'report')
const home = mkdtempSync(join(tmpdir(), 'rgrid-demo-'))
process.once('exit', () => rmSync(home, { recursive: true, force: true }))

function runCommand(args) {
  console.error(`\n$ cd examples/csv-report && npx rgrid ${args.join(' ')}\n`)
  // The demo is about this machine: a server that you have configured stays out of it, and nothing is left behind.
  const env = { ...process.env, HOME: home, RGRID_URL: '', XDG_DATA_HOME: '' }
  return new Promise((resolve, reject) => {
    const child = spawn(process.execPath, [join(root, 'packages/rgrid/bin/rgrid.js'), ...args], {
      cwd: folder,
      env,
      stdio: 'inherit',
    })
    child.once('error', reject)
    child.once('close', (code, signal) => resolve(code ?? signal))
  })
}

rmSync(output, { recursive: true, force: true })
const exitCode = await runCommand(['run', 'report.py', 'sales.csv'])

console.error(`\nExit code: ${exitCode}`)
if (exitCode === 0) {
  console.error('The script wrote, and RGrid brought home:')
  for (const name of readdirSync(output)) {
    const path = join(output, name)
    console.error(`  ${relative(root, path)}  (${statSync(path).size} bytes)`)
  }
  console.error('\nYour own script runs the same way: npx rgrid run your-script.py your-data.csv')
}
process.exitCode = typeof exitCode === 'number' ? exitCode : 1
