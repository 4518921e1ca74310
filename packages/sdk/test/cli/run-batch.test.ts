import { LIMITS, rerunSchema, type BatchRecord } from '@rgrid/protocol'
import { Command } from 'commander'
import { symlink } from 'node:fs/promises'
import { join } from 'node:path'
import { describe, expect, it, vi } from 'vitest'
import { batchOptions } from '../../src/cli/args/batch.js'
import { createDirectory } from '../temporary-directory.js'
import {
  createFakeBatchServer,
  type FakeBatchServer,
  type FakeRules,
} from '../batch/support/fake-batch-server.js'
import { createTestContext, type Surroundings } from './support/create-test-context.js'

interface Given {
  readonly rules?: FakeRules
  readonly files?: Record<string, string>
  readonly around?: Surroundings
}

async function setUp({ rules = {}, files = {}, around = {} }: Given = {}) {
  const cwd = await createDirectory({ 'a.py': 'print(1)', ...files })
  const server = createFakeBatchServer(rules)
  const cli = createTestContext({ cwd, client: server.client, ...around })
  return { cwd, server, ...cli }
}

const argsOf = ({ items }: FakeBatchServer): unknown[] =>
  [...items.values()].sort((one, other) => one.index - other.index).map(({ args }) => args)

const IN = { 'in/a.txt': 'A', 'in/deep/b.txt': 'B' }

describe('rgrid run --batch', () => {
  it('runs once for each file of a glob, in the place of {}', async () => {
    const { run, server, stdout, stderr } = await setUp({ files: IN })

    const code = await run('run', '--batch', 'in/**/*.txt', '--parallel', '3', 'a.py', '{}', '--size', '2')

    expect(code).toBe(0)
    expect(argsOf(server)).toEqual([
      ['in/a.txt', '--size', '2'],
      ['in/deep/b.txt', '--size', '2'],
    ])
    expect([...server.items.values()].map(({ name }) => name)).toEqual(['a.txt', 'deep/b.txt'])
    expect(server.record()).toMatchObject({ parallel: 3, failFast: false })
    expect(stdout()).toBe('')
    expect(stderr()).toMatch(/^rgrid: 2 of 2 completed, 0 ms, cost 0\.000007, batch_\w+\n$/)
  })

  it('says at the end what is not taken along, unless it is to be quiet', async () => {
    const given = { files: { 'in/x.txt': '' }, around: { stdin: 'in\n' } }
    const [loud, quiet] = [await setUp(given), await setUp(given)]
    for (const { cwd } of [loud, quiet]) await symlink('/etc/passwd', join(cwd, 'in/outside'))

    await loud.run('run', '--batch', '-', 'a.py')
    await quiet.run('run', '-q', '--batch', '-', 'a.py')

    expect(loud.stderr()).toMatch(
      /^rgrid: not taken along: in\/outside is a link that leads out of .*\nrgrid: 1 of 1/,
    )
    expect(quiet.stderr()).toBe('')
  })

  it('is the same batch as before when it is called again, and not with other arguments', async () => {
    const { run, server } = await setUp({ files: IN })
    const laneOf = async (...args: string[]): Promise<string> => {
      await run('run', '--batch', 'in/*.txt', ...args)
      return server.record().lane
    }

    const lane = await laneOf('a.py', '{}')

    expect(await laneOf('--parallel', '2', 'a.py', '{}')).toBe(lane)
    expect(await laneOf('a.py', '-x', '{}')).not.toBe(lane)
    expect(await laneOf('--lane', 'mine', 'a.py', '{}')).toBe('mine')
  })

  it('leaves alone what batches have saved before', async () => {
    const { run, server } = await setUp({ files: { ...IN, 'outputs/a.txt/result.txt': 'R' } })

    await run('run', '--batch', '**/*.txt', 'a.py')
    expect(argsOf(server)).toEqual([['in/a.txt'], ['in/deep/b.txt']])
  })

  it('takes a list from stdin, line by line or parted by NUL', async () => {
    const lines = await setUp({ around: { stdin: 'one\n\ntwo words\nlast' } })
    const nulls = await setUp({ around: { stdin: 'a\nb\0c\0' } })

    await lines.run('run', '--batch', '-', 'a.py')
    await nulls.run('run', '--batch', '-', '-0', 'a.py')

    expect(argsOf(lines.server)).toEqual([['one'], ['two words'], ['last']])
    expect(argsOf(nulls.server)).toEqual([['a\nb'], ['c']])
  })

  it('lists what failed with what shows its log, and exits with 1', async () => {
    const { run, stderr, server } = await setUp({
      files: IN,
      rules: { end: ({ index }) => (index === 1 ? 'failed' : 'completed') },
    })

    expect(await run('run', '-q', '--batch', 'in/**/*.txt', 'a.py')).toBe(1)

    expect(stderr()).toBe(`rgrid: deep/b.txt: exit code 1: rgrid logs ${server.items.get(1)?.id ?? ''}\n`)
  })

  it('lists at most 20 failures, and says what lists the others', async () => {
    const stdin = Array.from({ length: 25 }, (_, index) => `${index}\n`).join('')
    const { run, stderr } = await setUp({ around: { stdin }, rules: { end: () => 'failed' } })

    await run('run', '--batch', '-', 'a.py')

    expect(stderr().match(/rgrid logs/g)?.length).toBe(20)
    expect(stderr()).toMatch(/and 5 more: rgrid batch items batch_\w+ --failed\n/)
  })

  it('prints a line for each item and a summary with --json', async () => {
    const { run, jsonLines, stderr } = await setUp({ files: IN })

    await run('run', '--json', '--batch', 'in/*.txt', 'a.py')

    expect(jsonLines()).toMatchObject([
      {
        type: 'item',
        index: 0,
        name: 'a.txt',
        outcome: 'new',
        reused: false,
        status: 'completed',
        saved: [],
      },
      { type: 'summary', ok: true, counts: { total: 1, completed: 1 }, failed: [] },
    ])
    expect(stderr()).toBe('')
  })

  it('prints the id once all items are in with -d, and leaves them alone', async () => {
    const { run, stdout, server } = await setUp({ files: IN, rules: { end: () => undefined } })

    expect(await run('run', '-d', '--batch', 'in/**/*.txt', 'a.py')).toBe(0)

    expect(stdout()).toBe(`${server.record().id}\n`)
    expect(server.record()).toMatchObject({
      status: 'running',
      counts: { queued: 2 },
      cancelRequested: false,
    })
  })

  it('cancels all at the first Ctrl-C, and exits with 130', async () => {
    const { run, signal, server, stderr } = await setUp({ files: IN, rules: { end: () => undefined } })

    const code = run('run', '--batch', 'in/*.txt', 'a.py')
    await vi.waitFor(() => expect(server.record().status).toBe('running'))
    signal('SIGINT')

    expect(await code).toBe(130)
    expect(server.record().cancelRequested).toBe(true)
    expect(stderr()).toContain('a.txt: cancelled: rgrid logs')
  })

  it('shows a bar where somebody looks', async () => {
    const { run, stderr, signal } = await setUp({
      around: { tty: true, env: { NO_COLOR: '1' } },
      files: IN,
      rules: { end: ({ index }) => (index === 0 ? 'completed' : undefined) },
    })

    const code = run('run', '--batch', 'in/**/*.txt', 'a.py')

    await vi.waitFor(() => expect(stderr()).toContain('██████████░░░░░░░░░░ 50 % 1 of 2 done'))
    signal('SIGINT')
    expect(await code).toBe(130)
  })

  it.for<[string, string[], RegExp]>([
    ['for a glob that names nothing', ['--batch', 'no/*', 'a.py'], /each: "no\/\*" names no file/],
    [
      'for flags of a batch without one',
      ['--fail-fast', 'a.py'],
      /--fail-fast is for a run over many inputs/,
    ],
    ['for -0 without a list', ['--batch', 'in/*', '-0', 'a.py'], /-0 is for a list on stdin/],
    ['for a dry run', ['--batch', 'in/*.txt', '--dry-run', 'a.py'], /--dry-run shows one execution/],
    ['for the cache', ['--batch', 'in/*.txt', '--cache', 'a.py'], /^rgrid: cache: what ran before/],
    ['for a key', ['--batch', 'in/*.txt', '--key', 'k', 'a.py'], /^rgrid: key: names one execution/],
    ['for a wrong rerun', ['--batch', 'in/*.txt', '--rerun', 'some', 'a.py'], /Allowed choices are failed/],
  ])('is refused %s', async ([, argv, message]) => {
    const { run, stderr, server } = await setUp({ files: IN })

    expect(await run('run', ...argv)).toBe(2)

    expect(stderr()).toMatch(message)
    expect(server.calls).toEqual([])
  })
})

describe('the files of a batch', () => {
  const withFiles = (paths: readonly string[]) => ({
    artifacts: paths.map((path) => ({ path })),
    download: vi.fn(async (directory: string) => paths.map((path) => join(directory, path))),
  })

  it('have a folder for each item, with no way out of it', async () => {
    const { createItemSaver } = await import('../../src/cli/batch/save-item.js')
    const { context } = createTestContext({ cwd: '/home/me' })
    const save = createItemSaver(context, {})
    const folderOf = async (name: string): Promise<string | undefined> =>
      (await save({ name, ...withFiles(['x']) }))[0]

    expect(await folderOf('a.png')).toBe('/home/me/outputs/a.png/x')
    expect(await folderOf('deep/a.png')).toBe('/home/me/outputs/deep/a.png/x')
    expect(await folderOf('../a.png')).toBe('/home/me/outputs/%2E%2E/a.png/x')
    expect(await folderOf('/data/a.png')).toBe('/home/me/outputs/%2F/data/a.png/x')
    expect(await folderOf('100% a:b\n')).toBe('/home/me/outputs/100%25 a%3Ab%0A/x')
    expect(await folderOf('é'.repeat(300))).toMatch(/^\/home\/me\/outputs\/é{50}%[0-9a-f]{16}\/x$/)
  })

  it('are all in one folder with --flat, where none takes the place of another', async () => {
    const { createItemSaver } = await import('../../src/cli/batch/save-item.js')
    const { context } = createTestContext({ cwd: '/home/me' })
    const save = createItemSaver(context, { flat: true, outputDir: 'all' })

    expect(await save({ name: 'a', ...withFiles(['a.txt']) })).toEqual(['/home/me/all/a.txt'])
    const second = { name: 'b', ...withFiles(['a.txt']) }
    await expect(save(second)).rejects.toThrow('a.txt is already there from a: without --flat')
    expect(second.download).not.toHaveBeenCalled()
  })
})

describe('rgrid batch', () => {
  const ID = 'batch_019a0000000070008000000000000001'
  const counts = { total: 3, queued: 0, running: 1, completed: 1, failed: 1, reused: 0 }
  const record: BatchRecord = {
    ...{ id: ID, status: 'running', cancelRequested: false, lane: 'l', parallel: 2, failFast: false },
    ...{ labels: {}, counts, createdAt: '2026-01-01T00:00:00.000Z', finishedAt: null, costMicrons: 0 },
  }
  const items = [0, 1, 2].map((index) => ({
    ...{ index, name: `in/${index}`, executionId: `exec_${index}`, outcome: 'new', message: null },
    ...(index === 1 ? { status: 'failed', exitCode: 3 } : { status: 'completed', exitCode: 0 }),
  })) as never
  const batches = {
    list: vi.fn(async () => ({ batches: [record], next: null })),
    get: vi.fn(async () => record),
    items: vi.fn(async () => ({ items, next: null })),
    cancel: vi.fn(async () => {}),
    retry: vi.fn(async () => 1),
  }

  it('ls lists them', async () => {
    const { run, stdout } = createTestContext({ client: { batches } })

    expect(await run('batch', 'ls')).toBe(0)

    expect(stdout()).toMatch(
      /^ID +STATUS +DONE +FAILED +CREATED\nbatch_\w+ +running +2\/3 +1 +2026-01-01 00:00:00\n$/,
    )
  })

  it('status shows one, and so does rgrid status', async () => {
    const [one, other] = [0, 1].map(() => createTestContext({ client: { batches } }))

    await one?.run('batch', 'status', ID)
    await other?.run('status', ID)

    expect(one?.stdout()).toContain('completed   1\nfailed      1\nparallel    2\n')
    expect(other?.stdout()).toBe(one?.stdout())
  })

  it('items lists its items', async () => {
    const { run, stdout } = createTestContext({ client: { batches } })

    await run('batch', 'items', ID, '--failed')

    expect(batches.items).toHaveBeenCalledWith(ID, { failed: true, after: -1, limit: 200 })
    expect(stdout()).toContain('1      failed     3     new      exec_1  in/1\n')
  })

  it('cancel and retry act on one, and so do rgrid cancel and rgrid retry', async () => {
    const { run, stderr } = createTestContext({ client: { batches } })

    await run('batch', 'cancel', ID)
    await run('cancel', ID)
    await run('batch', 'retry', ID)
    await run('retry', '--failed', ID)

    expect(batches.cancel).toHaveBeenCalledTimes(2)
    expect(batches.retry.mock.calls).toEqual([[ID], [ID]])
    expect(stderr()).toContain(`1 item runs again: rgrid batch attach ${ID}`)
  })

  it('attach and wait exit with 1 where an item failed', async () => {
    const { run, server, stderr } = await setUp({ files: IN, rules: { end: () => 'failed' } })
    await run('run', '-q', '--batch', 'in/*.txt', 'a.py')

    expect(await run('batch', 'attach', server.record().id)).toBe(1)
    expect(await run('batch', 'wait', server.record().id)).toBe(1)

    expect(stderr().match(/a\.txt: exit code 1/g)?.length).toBe(3)
  })

  it('download saves the files of the items that have ended', async () => {
    const cwd = await createDirectory()
    const download = vi.fn(async (id: string, directory: string) => [`${directory}/${id}.txt`])
    const artifacts = vi.fn(async () => [{ path: 'x' }] as never)
    const { run, stdout } = createTestContext({ cwd, client: { batches, artifacts, download } })

    expect(await run('batch', 'download', ID)).toBe(0)

    expect(stdout().trim().split('\n').sort()).toEqual(
      [0, 1, 2].map((index) => join(cwd, `outputs/in/${index}/exec_${index}.txt`)),
    )
  })
})

it('the flags of a batch know what the protocol knows', () => {
  const command = new Command().exitOverride().configureOutput({ writeErr: () => {} })
  for (const option of batchOptions()) command.addOption(option)
  const rerun = command.options.find(({ long }) => long === '--rerun')

  expect(rerun?.argChoices).toEqual(rerunSchema.options)
  const parse = (parallel: number) => command.parse(['--parallel', `${parallel}`], { from: 'user' })
  expect(() => parse(LIMITS.batchParallel)).not.toThrow()
  expect(() => parse(LIMITS.batchParallel + 1)).toThrow()
})
