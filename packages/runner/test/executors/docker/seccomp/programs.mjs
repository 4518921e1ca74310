// Does in Node.js what scripts do and prints, as JSON, what each came to.
import { execFileSync, fork, spawn } from 'node:child_process'
import { once } from 'node:events'
import fs from 'node:fs/promises'
import { watch } from 'node:fs'
import http from 'node:http'
import net from 'node:net'
import dgram from 'node:dgram'
import dns from 'node:dns/promises'
import os from 'node:os'
import zlib from 'node:zlib'
import { randomBytes, scryptSync } from 'node:crypto'
import { Worker } from 'node:worker_threads'

const folder = await fs.mkdtemp('/tmp/programs-')

async function listen(server, ...where) {
  server.listen(...where)
  await once(server, 'listening')
  return server.address()
}

const actions = {
  async workers() {
    const code =
      'const { parentPort, workerData } = require("worker_threads"); parentPort.postMessage(workerData * 2)'
    const workers = [1, 2, 3].map((workerData) => new Worker(code, { eval: true, workerData }))
    return Promise.all(workers.map(async (worker) => (await once(worker, 'message'))[0]))
  },
  async childProcesses() {
    const child = spawn('sh', ['-c', 'cat; exit 4'], { stdio: ['pipe', 'pipe', 'inherit'] })
    child.stdin.end('in and out')
    const [out, [code]] = await Promise.all([child.stdout.toArray(), once(child, 'close')])
    return [String(out), code, String(execFileSync('echo', ['sync']))]
  },
  async forks() {
    await fs.writeFile(
      `${folder}/child.cjs`,
      'process.on("message", (m) => { process.send(m + 1); process.disconnect() })',
    )
    const child = fork(`${folder}/child.cjs`)
    child.send(1)
    const [[answer]] = await Promise.all([once(child, 'message'), once(child, 'exit')])
    return answer
  },
  async watching() {
    const watcher = watch(folder)
    const event = once(watcher, 'change', { signal: AbortSignal.timeout(5_000) })
    await fs.writeFile(`${folder}/watched`, 'x')
    const [, name] = await event
    watcher.close()
    return name
  },
  async copying() {
    await fs.mkdir(`${folder}/a/b`, { recursive: true })
    await fs.writeFile(`${folder}/a/b/c`, 'x'.repeat(100_000))
    await fs.symlink('c', `${folder}/a/b/d`)
    await fs.cp(`${folder}/a`, `${folder}/e`, { recursive: true, preserveTimestamps: true })
    await fs.copyFile(`${folder}/a/b/c`, `${folder}/f`, fs.constants.COPYFILE_FICLONE)
    const { size } = await fs.stat(`${folder}/f`)
    const names = await fs.readdir(`${folder}/e`, { recursive: true })
    await fs.rm(`${folder}/e`, { recursive: true })
    return [size, names.sort()]
  },
  async manyFiles() {
    const paths = Array.from({ length: 64 }, (_, at) => `${folder}/many-${at}`)
    await Promise.all(paths.map((path) => fs.writeFile(path, path)))
    const texts = await Promise.all(paths.map((path) => fs.readFile(path, 'utf8')))
    return texts.every((text, at) => text === paths[at])
  },
  async http() {
    const server = http.createServer((request, response) => request.pipe(response))
    const { port } = await listen(server, 0, '127.0.0.1')
    const response = await fetch(`http://127.0.0.1:${port}`, { method: 'POST', body: 'echo' })
    const text = await response.text()
    server.closeAllConnections()
    server.close()
    return text
  },
  async localSockets() {
    const server = net.createServer((socket) => socket.end('local'))
    await listen(server, `${folder}/socket`)
    const text = String(await net.connect(`${folder}/socket`).toArray())
    server.close()
    return text
  },
  async datagrams() {
    const socket = dgram.createSocket('udp4')
    socket.bind(0, '127.0.0.1')
    await once(socket, 'listening')
    socket.send('datagram', socket.address().port, '127.0.0.1')
    const [text] = await once(socket, 'message')
    socket.close()
    return String(text)
  },
  async names() {
    const { address } = await dns.lookup('127.0.0.1')
    const error = await dns.resolve4('example.invalid').catch(({ code }) => typeof code)
    return [address, error]
  },
  machine: async () => [
    Object.keys(os.networkInterfaces()),
    os.cpus().length > 0,
    os.freemem() > 0,
    os.getPriority(),
  ],
  computing: async () => {
    const packed = zlib.gzipSync(randomBytes(1_000))
    return [zlib.gunzipSync(packed).length, scryptSync('a', 'b', 8).toString('hex')]
  },
  async webAssembly() {
    const bytes = Uint8Array.from([0, 97, 115, 109, 1, 0, 0, 0])
    return Object.keys((await globalThis.WebAssembly.instantiate(bytes)).instance)
  },
}

const results = {}
for (const [name, action] of Object.entries(actions)) {
  try {
    results[name] = await action()
  } catch (error) {
    results[name] = `FAILED: ${error}`
  }
}
await fs.rm(folder, { recursive: true })
process.stdout.write(JSON.stringify(results))
