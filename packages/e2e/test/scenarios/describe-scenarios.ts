import { createExecutionId, executionSchema, type Status } from '@rgrid/protocol'
import { createApi, createHttpFetch } from '@rgrid/protocol/client'
import {
  createClient,
  RunError,
  type Execution,
  type LogPiece,
  type Result,
  type RGridClient,
  type RunOptions,
} from '@rgrid/sdk'
import { createHash } from 'node:crypto'
import { chmod, readFile, symlink } from 'node:fs/promises'
import { join } from 'node:path'
import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { createCutFetch } from '../support/cut-fetch.js'
import { createProject } from '../support/project.js'
import type { Kind, World } from '../support/worlds.js'
import { testCache } from './cache.js'
import { testLocalModules } from './local-modules.js'

const read = async (
  pieces: AsyncIterable<LogPiece>,
  stream: LogPiece['stream'] = 'stdout',
): Promise<Buffer> => {
  const bytes: Uint8Array[] = []
  for await (const piece of pieces) if (piece.stream === stream) bytes.push(piece.bytes)
  return Buffer.concat(bytes)
}
const sha256 = (bytes: Uint8Array): string => createHash('sha256').update(bytes).digest('hex')

const ORDER: readonly Status[] = ['queued', 'claimed', 'running']

/** Resolves when the execution has reached a status: one that is over in a moment may never be seen. */
const reaches = (execution: Execution, status: Status): Promise<void> =>
  new Promise((resolve) =>
    execution.onStatus((now) => ORDER.indexOf(now) >= ORDER.indexOf(status) && resolve()),
  )

/** What a user sees, the same in every way to run RGrid. */
export function describeScenarios(kind: Kind, available: boolean): void {
  describe.skipIf(!available)(kind.name, () => {
    let world: World
    let client: RGridClient
    beforeAll(async () => {
      world = await kind.open()
      client = world.client
    })
    afterAll(() => world.close())

    const run = async (
      script: string,
      options: RunOptions = {},
      files: Record<string, string> = {},
    ): Promise<Result> => {
      const cwd = await createProject({ 'script.sh': script, ...files })
      return client.run('script.sh', { cwd, ...options })
    }

    test('a script that succeeds', async () => {
      const cwd = await createProject({
        'hello.py': 'import sys\nprint("hello", *sys.argv)\nprint("warn", file=sys.stderr)',
      })

      const result = await client.run('hello.py', { cwd, args: ['a b', 'ü', ''] })

      expect(result).toMatchObject({
        status: 'completed',
        cause: 'exit',
        exitCode: 0,
        signal: null,
        ok: true,
      })
      expect([result.stdout, result.stderr]).toEqual(['hello hello.py a b ü \n', 'warn\n'])
      expect(result.usage?.wallMs).toBeGreaterThan(0)
      expect(result.timings.totalMs).toBeGreaterThan(0)
      expect(result.record.executor).toBe(kind.executor)
    })

    testLocalModules(() => client)
    testCache(() => client, kind)

    test('a script that fails is a result, not an exception', async () => {
      const result = await run('echo out; echo why >&2; exit 3')

      expect(result).toMatchObject({
        status: 'failed',
        cause: 'exit',
        exitCode: 3,
        ok: false,
        stdout: 'out\n',
        stderr: 'why\n',
      })
      expect(() => result.orThrow()).toThrow(RunError)
      expect(() => result.orThrow()).toThrow(/ended with exit code 3\nwhy$/)
    })

    test('a script that is killed by a signal', async () => {
      const result = await run('echo before; kill -SEGV $$')

      expect(result).toMatchObject({
        status: 'failed',
        cause: 'signal',
        signal: 'SIGSEGV',
        ok: false,
        stdout: 'before\n',
      })
    })

    test('its environment, and nothing of the caller', async () => {
      process.env['RGRID_E2E_CANARY'] = 'leaked'
      const value = 'a "b" $(id) `id` \\ \n é'

      const { stdout } = await run('printf %s "$VALUE"; env | grep CANARY', { env: { VALUE: value } })

      expect(stdout).toBe(value)
    })

    test('a timeout ends a script that ignores SIGTERM, and keeps what it printed and wrote', async () => {
      const result = await run('trap "" TERM; echo partial | tee file.txt; while :; do sleep 0.1; done', {
        timeoutMs: 700,
      })

      expect(result).toMatchObject({ status: 'timed_out', cause: 'timeout', ok: false, stdout: 'partial\n' })
      expect(result.artifacts.map(({ path }) => path)).toEqual(['file.txt'])
    })

    test('a timeout lets a script clean up', async () => {
      const result = await run('trap "echo bye; exit 0" TERM; echo hi; while :; do sleep 0.05; done', {
        timeoutMs: 700,
      })

      expect(result).toMatchObject({ status: 'timed_out', stdout: 'hi\nbye\n' })
    })

    test.for<Status>(['queued', 'claimed', 'running'])('a cancel while it is %s', async (status) => {
      const cwd = await createProject({ 'script.sh': 'echo started; sleep 60' })
      const execution = client.run('script.sh', { cwd })
      await reaches(execution, status)

      await execution.cancel()
      const result = await execution

      expect(result).toMatchObject({ status: 'cancelled', cause: 'cancelled', ok: false })
    })

    test('a cancel while all slots are taken, by an AbortSignal', async () => {
      const cwd = await createProject({ 'script.sh': 'sleep 60' })
      const control = new AbortController()
      const busy = Array.from({ length: 4 }, () => client.run('script.sh', { cwd, signal: control.signal }))
      await Promise.all(busy.map((execution) => reaches(execution, 'running')))
      const waiting = client.run('script.sh', { cwd })
      await waiting.accepted
      await waiting.cancel()

      expect(await waiting).toMatchObject({ status: 'cancelled', usage: null })
      control.abort()
      expect((await Promise.all(busy)).map(({ status }) => status)).toEqual(Array(4).fill('cancelled'))
    })

    test('output arrives while the script runs, in order', async () => {
      const execution = client.run('script.sh', {
        cwd: await createProject({ 'script.sh': 'for i in 1 2 3; do echo $i; sleep 0.2; done' }),
      })
      const seen: string[] = []
      const ended = execution.then(() => seen.push('end'))

      for await (const { text } of execution) seen.push(...text.split('\n').filter(Boolean))
      await ended

      expect(seen).toEqual(['1', '2', '3', 'end'])
    })

    test('output can be read any number of times, also after the end', async () => {
      const execution = client.run('script.sh', {
        cwd: await createProject({ 'script.sh': 'echo one; echo two' }),
      })

      const live = await read(execution.logs())
      await execution
      const again = await read(execution.logs())

      expect([String(live), String(again), String(await read(client.logs(execution.id)))]).toEqual(
        Array(3).fill('one\ntwo\n'),
      )
    })

    test('leaving a log loop early stops nothing', async () => {
      const execution = client.run('script.sh', {
        cwd: await createProject({ 'script.sh': 'echo one; sleep 0.3; echo two' }),
      })

      for await (const piece of execution.logs()) if (piece.text !== '') break

      expect((await execution).stdout).toBe('one\ntwo\n')
    })

    test('bytes that are not UTF-8 arrive as they are', async () => {
      const execution = client.run('script.sh', {
        cwd: await createProject({ 'script.sh': "printf '\\xff\\xfe\\x00\\xc3('" }),
      })

      expect([...(await read(execution.logs()))]).toEqual([0xff, 0xfe, 0x00, 0xc3, 0x28])
    })

    test('5 MB of output arrive byte for byte', async () => {
      const script = 'import sys\nfor i in range(100_000): sys.stdout.write(f"{i:08d} " + "é" * 20 + "\\n")'
      const execution = client.run('big.py', { cwd: await createProject({ 'big.py': script }) })
      const expected = Array.from(
        { length: 100_000 },
        (_, i) => `${String(i).padStart(8, '0')} ${'é'.repeat(20)}\n`,
      ).join('')

      const bytes = await read(execution.logs())
      const result = await execution

      expect(sha256(bytes)).toBe(sha256(Buffer.from(expected)))
      expect(result).toMatchObject({
        ok: true,
        stdoutTruncated: true,
        stdout: expected.slice(0, result.stdout.length),
      })
    })

    test('a log over the limit keeps its head and its tail, and says what is missing', async () => {
      const execution = client.run('big.py', {
        cwd: await createProject({ 'big.py': 'print("x" * 12_000_000 + "THE END")' }),
      })
      let gapBytes = 0
      let text = ''
      for await (const piece of execution.logs()) {
        gapBytes += piece.gapBytes ?? 0
        text += piece.text
      }

      expect(gapBytes).toBe(12_000_008 - 10 * 1024 * 1024)
      expect([text.length, text.slice(0, 1), text.slice(-8)]).toEqual([10 * 1024 * 1024, 'x', 'THE END\n'])
      expect((await execution).record.logs.droppedBytes).toBe(gapBytes)
    })

    test('files and folders that arguments name travel along', async () => {
      const files = { 'in/a.txt': 'A', 'in/deep/b.txt': 'B', 'data.csv': '1,2' }

      const { stdout } = await run(
        'cat "$1" "$2"/a.txt "$2"/deep/b.txt; ls',
        { args: ['data.csv', 'in'] },
        files,
      )

      expect(stdout).toBe('1,2ABdata.csv\nin\nscript.sh\n')
    })

    test('inputs travel with their links and modes, and a stream is the standard input', async () => {
      const cwd = await createProject({
        'script.sh': 'cat; tools/say data/latest "$(cat made.txt)"; readlink data/latest; ls -A data',
        'tools/say': '#!/bin/sh\necho "$(cat "$1") and $2"',
        'data/a.txt': 'first',
        'data/skip.log': 'x',
        'data/.gitignore': '*.log',
      })
      await chmod(join(cwd, 'tools/say'), 0o755)
      await symlink('a.txt', join(cwd, 'data/latest'))
      const inputs = ['tools', 'data/**', { path: 'made.txt', data: 'made' }]
      const stdin = new Blob(['x'.repeat(300_000), '\n']).stream()

      const result = await client.run('script.sh', { cwd, inputs, stdin })

      expect([result.stderr, result.skipped]).toEqual(['', []])
      expect(result.stdout.slice(300_000)).toBe('\nfirst and made\na.txt\n.gitignore\na.txt\nlatest\n')
    })

    test('a file too large for the request travels by its digest', async () => {
      const big = 'x'.repeat(3_000_000)

      const { stdout } = await run(
        'wc -c < big.bin; cmp big.bin again.bin && echo same',
        { args: ['big.bin', 'again.bin'] },
        { 'big.bin': big, 'again.bin': big },
      )

      expect(stdout).toBe('3000000\nsame\n')
    })

    test('files that were created or changed come home', async () => {
      const script =
        'mkdir -p out/deep; echo new > out/deep/new.txt; echo more >> data.txt; head -c 400000 /dev/zero > out/big.bin; chmod +x out/deep/new.txt; rm gone.txt'
      const result = await run(
        script,
        { args: ['data.txt', 'same.txt', 'gone.txt'] },
        { 'data.txt': 'old\n', 'same.txt': 'same', 'gone.txt': '' },
      )
      const home = await createProject({})

      const saved = await result.download(home)

      expect(result.artifacts.map(({ path, size, executable }) => [path, size, executable]).sort()).toEqual([
        ['data.txt', 9, false],
        ['out/big.bin', 400_000, false],
        ['out/deep/new.txt', 4, true],
      ])
      expect(saved.sort()).toEqual(
        ['data.txt', 'out/big.bin', 'out/deep/new.txt'].map((path) => join(home, path)),
      )
      expect(await readFile(join(home, 'data.txt'), 'utf8')).toBe('old\nmore\n')
      expect(await result.artifacts.find(({ path }) => path === 'out/deep/new.txt')?.text()).toBe('new\n')
    })

    test('patterns choose what comes home, and what is fetched of it, however many files there are', async () => {
      const script =
        'mkdir out; for n in $(seq 40); do echo $n > out/$n.txt; done; touch out/x.tmp log; ln -s log link'
      const result = await run(script, { outputs: ['out', '!**/*.tmp', 'never/*.csv'] })
      const home = await createProject({})

      const saved = await result.download(home, { only: ['out/*', '!out/1*'] })

      expect([result.artifacts.length, result.skipped]).toEqual([40, []])
      expect(result.notes).toEqual([
        'the output pattern "never/*.csv" matched no file that was created or changed',
      ])
      expect(saved).toHaveLength(29)
      expect(await readFile(join(home, 'out', '40.txt'), 'utf8')).toBe('40\n')
    })

    test('links are not taken home, and said so', async () => {
      const { artifacts, skipped } = await run('ln -s /etc/passwd link; mkfifo fifo; echo x > file')

      expect(artifacts.map(({ path }) => path)).toEqual(['file'])
      expect(skipped.map(({ path }) => path).sort()).toEqual(['fifo', 'link'])
    })

    test('names in any script and with odd characters round-trip', async () => {
      const name = 'dïr ü/日本 $(id) \'"*?.txt'

      const result = await run(
        'cat "$1"; cp "$1" "copy of $(basename "$1")"',
        { args: [name] },
        { [name]: 'ok' },
      )

      expect(result.stdout).toBe('ok')
      expect(result.artifacts.map(({ path }) => path)).toEqual(['copy of 日本 $(id) \'"*?.txt'])
      expect(await result.artifacts[0]?.text()).toBe('ok')
    })

    test('a script that closes its output and goes on', async () => {
      expect(await run('echo a; exec 1>&- 2>&-; sleep 0.2; exit 7')).toMatchObject({
        exitCode: 7,
        stdout: 'a\n',
      })
    })

    test('a daemon that keeps the output open does not keep the execution', async () => {
      const result = await run('setsid sleep 60 & echo done')

      expect(result).toMatchObject({ ok: true, stdout: 'done\n' })
      expect(result.timings.totalMs).toBeLessThan(30_000)
    })

    test('50 executions at once, each with its own output', async () => {
      const cwd = await createProject({ 'script.sh': 'echo "I am $1"; exit $(($1 % 3))' })

      const results = await Promise.all(
        Array.from({ length: 50 }, (_, i) => client.run('script.sh', { cwd, args: [String(i)] })),
      )

      expect(results.map(({ stdout, exitCode }) => [stdout, exitCode])).toEqual(
        Array.from({ length: 50 }, (_, i) => [`I am ${i}\n`, i % 3]),
      )
      expect(new Set(results.map(({ record }) => record.attempt))).toEqual(new Set([1]))
    })

    test.for([1, 2, 3])(
      'no byte is lost or doubled when the connection breaks after every %i events',
      async (events) => {
        const fetch = createCutFetch(world.fetch ?? createHttpFetch(), events)
        const cut = createClient({ url: world.url, apiKey: world.apiKey, fetch })
        const cwd = await createProject({
          'script.sh': 'for i in 1 2 3 4 5 6; do echo out $i; echo err $i >&2; sleep 0.03; done',
        })

        const execution = cut.run('script.sh', { cwd })
        const [out, err] = await Promise.all([read(execution.logs()), read(execution.logs(), 'stderr')])

        expect(String(out)).toBe('out 1\nout 2\nout 3\nout 4\nout 5\nout 6\n')
        expect(String(err)).toBe('err 1\nerr 2\nerr 3\nerr 4\nerr 5\nerr 6\n')
        expect((await execution).stdout).toBe(String(out))
        expect(fetch.cuts()).toBeGreaterThan(2)
      },
    )

    test('the same request twice is one execution', async () => {
      const api = createApi(world)
      const id = createExecutionId()
      const data = Buffer.from('echo once >> counter; cat counter')
      const file = { path: 's.sh', sha256: sha256(data), size: data.length, data: data.toString('base64') }
      const put = () =>
        api.call(executionSchema, {
          method: 'PUT',
          path: `/v1/executions/${id}`,
          json: { script: 's.sh', runtime: 'bash', files: [file] },
        })

      const answers = await Promise.all([put(), put(), put()])
      const result = await client.attach(id)

      expect(new Set(answers.map((answer) => answer.id))).toEqual(new Set([id]))
      expect(result).toMatchObject({ stdout: 'once\n', record: { attempt: 1 } })
      await expect(put()).resolves.toMatchObject({ status: 'completed' })
    })

    test('a client that comes later sees all of it', async () => {
      const cwd = await createProject({ 'script.sh': 'echo one; sleep 0.4; echo two' })
      const first = client.run('script.sh', { cwd })
      await reaches(first, 'running')

      const second = client.attach(first.id)

      expect(String(await read(second.logs()))).toBe('one\ntwo\n')
      expect(await second).toMatchObject({ ok: true, stdout: 'one\ntwo\n' })
    })

    test('the list has the newest first', async () => {
      const first = await run('exit 0')
      const second = await run('exit 0')

      const { executions } = await client.list({ limit: 2 })

      expect(executions.map(({ id }) => id)).toEqual([second.id, first.id])
    })
  })
}
