import { createClient } from '@rgrid/sdk'
import { readFile, writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { describe, expect, onTestFinished, test } from 'vitest'
import { createProject } from '../support/project.js'
import { KINDS, type Kind } from '../support/worlds.js'

const SCRIPT = 'echo start >> "$STARTS"; echo first; until [ -e "$GO" ]; do sleep 0.02; done; echo last'

async function arrange(kind: Kind) {
  const world = await kind.open()
  onTestFinished(() => world.close())
  const { url, apiKey, fetch } = world
  const other = createClient({ url, apiKey, ...(fetch === undefined ? {} : { fetch }) })
  onTestFinished(() => other.close())
  const cwd = await createProject({ 'script.sh': SCRIPT })
  const env = { STARTS: join(cwd, 'starts.txt'), GO: join(cwd, 'go') }
  const options = { cwd, env, key: 'nightly 2026-11-28' }
  return { one: world.client, other, options, letGo: () => writeFile(env.GO, '') }
}

describe.for([KINDS.embeddedProcess, KINDS.httpProcess])('a call with a key, $name,', (kind) => {
  test('finds the execution of the first from another client, mid-stream, and after its end', async () => {
    const { one, other, options, letGo } = await arrange(kind)
    const first = one.run('script.sh', options)
    await first.accepted
    const second = other.run('script.sh', options)
    const texts: string[] = []
    for await (const { text } of second.logs()) {
      texts.push(text)
      await letGo()
    }
    const results = [await first, await second, await one.run('script.sh', options)]

    expect(texts.join('')).toBe('first\nlast\n')
    expect(second.id).toBe(first.id)
    expect(results.map(({ id, stdout }) => [id, stdout])).toEqual(Array(3).fill([first.id, 'first\nlast\n']))
    expect(await readFile(options.env.STARTS, 'utf8')).toBe('start\n')
  })

  test('that asks for something else is refused, and starts nothing', async () => {
    const { one, other, options, letGo } = await arrange(kind)
    const first = one.run('script.sh', options)
    await first.accepted
    const refused = other.run('script.sh', { ...options, args: ['another'] })

    await expect(refused).rejects.toMatchObject({ code: 'key_conflict', executionId: first.id })
    await letGo()
    await first
    expect(await readFile(options.env.STARTS, 'utf8')).toBe('start\n')
  })
})
