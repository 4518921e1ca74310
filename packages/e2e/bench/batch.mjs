import { spawn } from 'node:child_process'
import { once } from 'node:events'
import { join } from 'node:path'

/** Times `xargs` that runs a script once for each of some arguments, a few at a time, in milliseconds. */
export async function timeXargs(folder, script, items, parallel) {
  const start = performance.now()
  const child = spawn('xargs', ['-P', String(parallel), '-n', '1', 'python3', join(folder, script)], {
    stdio: ['pipe', 'ignore', 'ignore'],
  })
  child.stdin.end(items.join('\n'))
  const [code] = await once(child, 'close')
  if (code !== 0) throw new Error(`xargs ended with ${code}`)
  return performance.now() - start
}

/** Times a batch over the same, until its last result is there, and says how many of them were reused. */
export async function timeBatch(client, folder, script, items, parallel) {
  const start = performance.now()
  const batch = client.batch(script, { each: items, parallel, cwd: folder, executor: 'process' })
  const { ok, counts } = await batch
  if (!ok) throw new Error(`the batch failed: ${JSON.stringify(counts)}`)
  return { ms: performance.now() - start, reused: counts.reused }
}
