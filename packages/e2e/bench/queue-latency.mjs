import { createDiskBlobs, createServer, createSqliteStore, listen } from '@rgrid/server'
import { createExecutionId, createRunnerId } from '@rgrid/protocol'
import { createHash, randomUUID } from 'node:crypto'
import { mkdtemp, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { median, percentile } from './statistics.mjs'

const SAMPLES = 200
const BATCH = 50

/** How long submitting and claiming take over HTTP, with `depth` executions waiting before. */
export async function measureQueue(depth) {
  const directory = await mkdtemp(join(tmpdir(), 'rgrid-bench-queue-'))
  const store = createSqliteStore({ path: join(directory, 'rgrid.db') })
  const server = createServer({ store, blobs: createDiskBlobs({ directory: join(directory, 'blobs') }) })
  const { url, close } = await listen(server, { port: 0 })
  const send = createSender(url, server.grant({ scopes: ['submit', 'read', 'runner'] }))
  try {
    const runnerId = createRunnerId()
    const offers = [{ executor: 'docker', runtimes: ['python'] }]
    await send('POST', '/v1/runner/register', { runnerId, name: 'bench', slots: 1, offers })
    for (let left = depth; left > 0; left -= BATCH)
      await Promise.all(Array.from({ length: Math.min(BATCH, left) }, () => submit(send)))
    const submits = []
    const claims = []
    for (let sample = 0; sample < SAMPLES; sample++) {
      submits.push(await time(() => submit(send)))
      const claim = { runnerId, claimId: randomUUID(), max: 1, waitMs: 0 }
      claims.push(await time(() => send('POST', '/v1/runner/claims', claim)))
    }
    return { submit: describe(submits), claim: describe(claims) }
  } finally {
    await close()
    await server.close()
    await rm(directory, { recursive: true })
  }
}

const describe = (values) => ({ p50: median(values), p99: percentile(values, 0.99) })

async function time(action) {
  const start = performance.now()
  await action()
  return performance.now() - start
}

function createSender(url, apiKey) {
  const headers = { authorization: `Bearer ${apiKey}`, 'content-type': 'application/json' }
  return async (method, path, body) => {
    const response = await fetch(`${url}${path}`, { method, headers, body: JSON.stringify(body) })
    const text = await response.text()
    if (!response.ok) throw new Error(`${method} ${path}: ${text}`)
  }
}

const SOURCE = Buffer.from('print("hello")\n')

function submit(send) {
  const sha256 = createHash('sha256').update(SOURCE).digest('hex')
  const file = { path: 'hello.py', sha256, size: SOURCE.length, data: SOURCE.toString('base64') }
  const spec = { script: 'hello.py', runtime: 'python', files: [file] }
  return send('PUT', `/v1/executions/${createExecutionId()}`, spec)
}
