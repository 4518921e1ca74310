import { spawn } from 'node:child_process'
import { once } from 'node:events'

/** Starts a program and returns how long its first byte and its end took, in milliseconds, and what it printed. */
export async function timeProgram(command, args, options = {}) {
  const start = performance.now()
  const child = spawn(command, args, { stdio: ['ignore', 'pipe', 'ignore'], ...options })
  let first
  let bytes = 0
  child.stdout.on('data', (chunk) => {
    first ??= performance.now() - start
    bytes += chunk.length
  })
  const [code] = await once(child, 'close')
  if (code !== 0) throw new Error(`${command} ${args.join(' ')} ended with ${code}`)
  return { first, result: performance.now() - start, bytes }
}

/** Runs a script with a client, reading its output live, and returns the same. */
export async function timeRun(client, script, options = {}) {
  const start = performance.now()
  const execution = client.run(script, options)
  let first
  let bytes = 0
  for await (const piece of execution.logs()) {
    first ??= performance.now() - start
    bytes += piece.bytes.length
  }
  const { ok, cached, record } = await execution
  if (!ok) throw new Error(`the script failed: ${JSON.stringify(record)}`)
  return { first, result: performance.now() - start, bytes, cached, phases: record.phases }
}

/** What most programs do with a Docker client: create, attach, start, wait, remove. */
export async function timeNaiveDocker(docker, image, folder, script) {
  const start = performance.now()
  const container = await docker.createContainer({
    Image: image,
    Cmd: ['python3', `/work/${script}`],
    HostConfig: { NetworkMode: 'none', Binds: [`${folder}:/work:ro`] },
  })
  const stream = await container.attach({ stream: true, stdout: true, stderr: true })
  let first
  stream.on('data', () => (first ??= performance.now() - start))
  await container.start()
  await container.wait()
  const result = performance.now() - start
  await container.remove()
  return { first, result }
}
