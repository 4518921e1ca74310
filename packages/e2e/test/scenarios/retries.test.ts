import type { Status } from '@rgrid/protocol'
import type { LogPiece } from '@rgrid/sdk'
import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { createProject } from '../support/project.js'
import { hasDocker } from '../support/requirements.js'
import { KINDS, type World } from '../support/worlds.js'

const isDockerThere = await hasDocker()

const FLAKY = `echo "try $RGRID_ATTEMPT"; echo "$RGRID_ATTEMPT" > "try-$RGRID_ATTEMPT.txt"
[ "$RGRID_ATTEMPT" -ge 3 ] || exit 75`

describe.for([KINDS.embeddedProcess, KINDS.httpDocker])('tried again: $name', (kind) => {
  const isThere = kind.executor === 'process' || isDockerThere
  let world: World
  beforeAll(async () => {
    if (isThere) world = await kind.open()
  })
  afterAll(async () => {
    if (isThere) await world.close()
  })

  test.skipIf(!isThere)('a script that fails twice, with the output of every attempt', async () => {
    const { client } = world
    const cwd = await createProject({ 'script.sh': FLAKY })
    const statuses: [Status, number, string | null][] = []
    const pieces: LogPiece[] = []

    const execution = client.run('script.sh', { cwd, retries: { exit: { codes: [75], times: 2 } } })
    execution.onStatus((status, message, attempt) => statuses.push([status, attempt, message]))
    for await (const piece of execution.logs()) pieces.push(piece)
    const result = await execution

    expect(result).toMatchObject({ status: 'completed', exitCode: 0, stdout: 'try 3\n' })
    expect(result.artifacts.map(({ path }) => path)).toEqual(['try-3.txt'])
    expect(result.record.attempts.map(({ exitCode, outcome }) => [exitCode, outcome])).toEqual([
      [75, 'failed'],
      [75, 'failed'],
      [0, 'completed'],
    ])
    expect(pieces.map(({ attempt, text }) => [attempt, text])).toEqual([
      [1, 'try 1\n'],
      [2, 'try 2\n'],
      [3, 'try 3\n'],
    ])
    const again = /^attempt (\d) ended with exit code 75; tried again in \d\.\d s$/
    const reasons = statuses.flatMap(([status, attempt, message]) =>
      status === 'queued' && attempt > 0 ? [[attempt, again.exec(message ?? '')?.[1]]] : [],
    )
    expect(reasons).toEqual([
      [1, '1'],
      [2, '2'],
    ])
    let second = ''
    for await (const { text } of client.logs(result.id, { attempt: 2 })) second += text
    expect(second).toBe('try 2\n')
  })

  test.skipIf(!isThere)('by request, as a new execution of the same files', async () => {
    const { client } = world
    const cwd = await createProject({ 'script.sh': 'cat "$1"; exit 3', 'in.txt': 'input' })
    const first = await client.run('script.sh', { cwd, args: ['in.txt'] })

    const second = await client.retry(first.id)

    expect(second.id).not.toBe(first.id)
    expect(second).toMatchObject({ exitCode: 3, stdout: 'input', record: { retryOf: first.id } })
  })

  test.skipIf(kind.executor === 'process' || !isThere)('with twice the memory', async () => {
    const cwd = await createProject({ 'need.py': 'x = bytearray(80 << 20)\nprint(len(x))' })
    const retries = { out_of_memory: { memoryMib: 'x2', times: 1 } } as const

    const result = await world.client.run('need.py', { cwd, memoryMib: 64, retries })

    expect(result).toMatchObject({ status: 'completed', stdout: `${80 << 20}\n` })
    expect(result.record.attempts.map(({ cause, memoryMib }) => [cause, memoryMib])).toEqual([
      ['out_of_memory', 64],
      ['exit', 128],
    ])
  })
})
