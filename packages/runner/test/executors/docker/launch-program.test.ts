import { execFileSync, spawnSync } from 'node:child_process'
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { expect, onTestFinished, test } from 'vitest'
import { formatLaunchProgram } from '../../../src/executors/docker/launch-program.js'

const AWKWARD = [
  '',
  "'",
  '"',
  '\\',
  '$(id)',
  '\n',
  '\u2028',
  '</script>',
  '{}',
  'é 日本 😀',
  '\x01',
  '-x',
  '__proto__',
]
const python = spawnSync('sh', ['-c', 'command -v python3']).stdout.toString().trim()

const SCRIPTS = {
  node: `process.stdout.write(JSON.stringify({ argv: process.argv.slice(2), env: process.env, isMain: require.main === module, stdin: require('fs').readFileSync(0, 'utf8') }))`,
  python: `
import json, os, sys
print(json.dumps({'argv': sys.argv[1:], 'env': dict(os.environ), 'isMain': __name__ == '__main__', 'stdin': sys.stdin.read()}))
`,
}

function launch(kind: 'node' | 'python', script: string, stdin?: string) {
  const folder = mkdtempSync(join(tmpdir(), 'rgrid-program-'))
  onTestFinished(() => rmSync(folder, { recursive: true }))
  writeFileSync(join(folder, script), SCRIPTS[kind])
  writeFileSync(join(folder, "it's here"), 'given')
  const env = Object.fromEntries(AWKWARD.map((value, at) => [`V${at}`, value]))
  const program = formatLaunchProgram({
    executionId: 'exec_1',
    attempt: 2,
    command: kind === 'node' ? [process.execPath] : [python],
    baseEnv: { HOME: '/tmp' },
    script,
    stdin,
    args: AWKWARD,
    env,
    inputBytes: 0,
    deadlineMs: 1,
  })
  const path = join(folder, program.name)
  writeFileSync(path, program.text)
  const [interpreter = ''] = program.entrypoint
  const output = execFileSync(interpreter, [path], {
    cwd: folder,
    env: { PATH: '/usr/bin:/bin' },
    input: '',
  })
  return { program, env, shown: JSON.parse(output.toString()) as unknown }
}

test.runIf(python !== '').for([
  ['python', 'script.py'],
  ['python', '-c.py'],
  ['node', 'script.cjs'],
] as const)('%s runs %s with what it was given', ([kind, script]) => {
  const { shown, env } = launch(kind, script)

  expect(shown).toMatchObject({
    argv: AWKWARD,
    env: { ...env, HOME: '/tmp', RGRID_EXECUTION_ID: 'exec_1', RGRID_ATTEMPT: '2' },
    isMain: true,
  })
})

test.runIf(python !== '').for(['python', 'node'] as const)('%s reads the file that it is given', (kind) => {
  const script = kind === 'node' ? 'script.cjs' : 'script.py'

  expect([launch(kind, script, "it's here").shown, launch(kind, script).shown]).toMatchObject([
    { stdin: 'given' },
    { stdin: '' },
  ])
})

test('nothing of it is in what the engine is told', () => {
  const { program } = launch('node', 'script.cjs')

  expect(program.entrypoint).toEqual([process.execPath, '/rgrid/launch.cjs'])
})
