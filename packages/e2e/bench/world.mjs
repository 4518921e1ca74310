import { createClient } from '@rgrid/sdk'
import { spawn } from 'node:child_process'
import { once } from 'node:events'
import { mkdtemp, readFile, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { dirname, join } from 'node:path'
import { fileURLToPath } from 'node:url'

export const root = join(dirname(fileURLToPath(import.meta.url)), '..', '..', '..')
export const cli = join(root, 'packages', 'rgrid', 'bin', 'rgrid.js')

/** Starts `rgrid up` in a process of its own, as it is for a user, over an empty data directory. */
export async function startUp(args = []) {
  const directory = await mkdtemp(join(tmpdir(), 'rgrid-bench-'))
  const env = { ...process.env, HOME: directory, XDG_DATA_HOME: directory, RGRID_URL: '' }
  const up = spawn(process.execPath, [cli, 'up', '--port', '0', ...args], {
    env,
    stdio: ['ignore', 'ignore', 'pipe'],
  })
  await once(up.stderr, 'data')
  up.stderr.resume()
  const { url, apiKey } = JSON.parse(await readFile(join(directory, '.rgrid', 'up.json'), 'utf8'))
  const client = createClient({ url, apiKey })
  return {
    client,
    env: { ...env, RGRID_URL: url, RGRID_API_KEY: apiKey },
    async close() {
      await client.close()
      up.kill()
      await once(up, 'close')
      await rm(directory, { recursive: true, force: true })
    },
  }
}
