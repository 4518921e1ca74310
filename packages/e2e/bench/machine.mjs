import { execFile } from 'node:child_process'
import { cpus, release, totalmem } from 'node:os'
import { promisify } from 'node:util'

const execute = promisify(execFile)
const ask = (command, ...args) =>
  execute(command, args).then(
    ({ stdout }) => stdout.trim(),
    () => 'none',
  )

/** What the numbers were measured on, in one line. */
export async function describeMachine() {
  const [engine, python] = await Promise.all([
    ask('docker', 'version', '--format', '{{.Server.Version}}'),
    ask('python3', '--version'),
  ])
  const memory = `${Math.round(totalmem() / 2 ** 30)} GiB`
  const processors = `${cpus().length} × ${cpus()[0]?.model.trim() || 'unknown processor'}`
  return `${processors}, ${memory}, Linux ${release()}, Docker Engine ${engine}, Node ${process.version}, ${python}`
}
