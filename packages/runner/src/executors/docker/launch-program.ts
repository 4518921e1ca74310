import { toWords, type LaunchScript } from './launch-script.js'

/** What becomes the user's script in an image that has no shell to do it: a program for the script's own interpreter. */
export interface LaunchProgram {
  readonly name: string
  readonly text: string
  readonly entrypoint: readonly string[]
}

/**
 * Writes the program that becomes the user's script where there is no shell. Arguments and environment travel in it, so
 * that neither is in what the engine knows and stores of a container. Python replaces itself; Node cannot, and runs the
 * script as its main program.
 */
export function formatLaunchProgram(launch: LaunchScript): LaunchProgram {
  const [interpreter = '', ...options] = launch.command
  const env = {
    ...launch.baseEnv,
    ...launch.env,
    RGRID_EXECUTION_ID: launch.executionId,
    RGRID_ATTEMPT: String(launch.attempt),
  }
  const data = JSON.stringify({
    command: [interpreter, ...options, ...toWords(launch.script), ...launch.args],
    env,
    script: launch.script,
    args: launch.args,
    stdin: launch.stdin,
  })
  if (/(?:^|\/)node$/.test(interpreter))
    return { name: 'launch.cjs', text: toNode(data), entrypoint: [interpreter, '/rgrid/launch.cjs'] }
  return { name: 'launch.py', text: toPython(data), entrypoint: [interpreter, '/rgrid/launch.py'] }
}

// JSON has to be read by Python's own parser: its literals are not Python's.
const toPython = (data: string): string => `import json, os
launch = json.loads(${JSON.stringify(data)})
os.environ.update(launch['env'])
if 'stdin' in launch:
    os.dup2(os.open(launch['stdin'], os.O_RDONLY), 0)
os.execv(launch['command'][0], launch['command'])
`

// What is opened gets the lowest number that is free.
const toNode = (data: string): string => `const launch = ${data}
Object.assign(process.env, launch.env)
if (launch.stdin !== undefined) {
  const { closeSync, openSync } = require('node:fs')
  closeSync(0)
  openSync(launch.stdin)
}
process.argv.splice(1, process.argv.length, require('node:path').resolve(launch.script), ...launch.args)
require('node:module').runMain()
`
