import type { RGridClient, RunOptions } from '@rgrid/sdk'
import { writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { expect, test } from 'vitest'
import { createProject } from '../support/project.js'
import type { Kind } from '../support/worlds.js'

// What it prints and writes is never the same twice.
const SCRIPT = `import pathlib, random, sys
text = pathlib.Path("data.txt").read_text() + str(random.random())
print(text)
print("careful", file=sys.stderr)
pathlib.Path("out").mkdir()
pathlib.Path("out/result.txt").write_text(text)
`

/** What a user sees of the cache. */
export function testCache(getClient: () => RGridClient, { executor }: Pick<Kind, 'executor'>): void {
  // A plain process can reach the network of its machine.
  const cache = executor === 'process' ? { network: true } : true

  test('what asks the cache again is what it was, and nothing runs', async () => {
    const client = getClient()
    const cwd = await createProject({ 'main.py': SCRIPT, 'data.txt': 'one' })
    const options: RunOptions = { cwd, inputs: ['data.txt'], env: { TOKEN: 'secret' }, cache }

    const first = await client.run('main.py', options)
    const second = await client.run('main.py', { ...options, labels: { run: 'second' } })
    await writeFile(join(cwd, 'data.txt'), 'two')
    const third = await client.run('main.py', options)

    expect([first.cached, first.cache]).toEqual([false, expect.objectContaining({ hit: false })])
    expect(second).toMatchObject({
      ...{ cached: true, cache: { hit: true, executionId: first.id }, exitCode: 0, costMicrons: 0 },
      ...{ stdout: first.stdout, stderr: 'careful\n', usage: null },
    })
    expect(second.artifacts.map(({ path, sha256 }) => [path, sha256])).toEqual(
      first.artifacts.map(({ path, sha256 }) => [path, sha256]),
    )
    expect(`${(await second.artifacts[0]?.text()) ?? ''}\n`).toBe(first.stdout)
    expect(third.cache).toEqual({ hit: false, missReason: 'input data.txt changed' })
    expect(third.stdout).toMatch(/^two0\.\d+\n$/)
  })
}
