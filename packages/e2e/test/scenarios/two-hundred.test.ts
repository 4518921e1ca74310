import { readFile } from 'node:fs/promises'
import { join } from 'node:path'
import { expect, onTestFinished, test } from 'vitest'
import { createProject } from '../support/project.js'
import { KINDS } from '../support/worlds.js'

const COUNT = 200

test.for([KINDS.embeddedProcess, KINDS.httpProcess])(
  '200 executions at once on 4 slots are each started once: $name',
  async (kind) => {
    const world = await kind.open()
    onTestFinished(() => world.close())
    const cwd = await createProject({
      'script.sh': 'echo "$RGRID_EXECUTION_ID $1" >> "$STARTS"; echo "hello $1"',
    })
    const starts = join(cwd, 'starts.txt')
    const numbers = Array.from({ length: COUNT }, (_, i) => String(i))

    const results = await Promise.all(
      numbers.map((number) =>
        world.client.run('script.sh', { cwd, args: [number], env: { STARTS: starts } }),
      ),
    )

    expect(results.map(({ status }) => status)).toEqual(Array(COUNT).fill('completed'))
    expect(results.map(({ stdout }) => stdout)).toEqual(numbers.map((number) => `hello ${number}\n`))
    // Counted by the scripts themselves, not by what the server believes.
    const started = (await readFile(starts, 'utf8')).trim().split('\n').sort()
    expect(started).toEqual(results.map(({ id, record }) => `${id} ${String(record.args[0])}`).sort())
  },
)
