import { LIMITS, type Claim, type ExecutionRecord } from '@rgrid/protocol'
import { unpackTar } from 'modern-tar'
import { describe, expect, test } from 'vitest'
import {
  claimOne,
  createFixture,
  createTestRunner,
  getExecution,
  inlineFile,
  readJson,
  sha256,
  submit,
  SUCCESS,
  type Fixture,
  type TestRunner,
} from '../server-fixture.js'

interface Started {
  readonly fixture: Fixture
  readonly runner: TestRunner
  readonly id: string
  readonly claim: Claim
}

async function start(): Promise<Started> {
  const fixture = await createFixture()
  const runner = await createTestRunner(fixture)
  const id = await submit(fixture)
  const claim = await claimOne(runner)
  await runner.report(claim, 'started')
  return { fixture, runner, id, claim }
}

const pathsOf = ({ artifacts }: ExecutionRecord): string[] => artifacts.map(({ path }) => path)

describe('outputs that are sent ahead', () => {
  test('are seen with the end of their attempt, together with the last of them', async () => {
    const { fixture, runner, id, claim } = await start()
    await runner.report(claim, 'outputs', { outputs: [inlineFile('a', '1'), inlineFile('b', 'old')] })
    await runner.report(claim, 'outputs', { outputs: [inlineFile('b', '2')] })
    const before = await getExecution(fixture, id)

    await runner.report(claim, 'complete', { ...SUCCESS, outputs: [inlineFile('c', '3')] })

    const after = await getExecution(fixture, id)
    const second = await fixture.send('GET', `/v1/executions/${id}/artifacts/b`)
    expect([pathsOf(before), pathsOf(after), await second.text()]).toEqual([[], ['a', 'b', 'c'], '2'])
  })

  test('need their bytes to be here', async () => {
    const { runner, claim } = await start()
    const { data: _data, ...file } = inlineFile('large', 'bytes')

    const response = await runner.report(claim, 'outputs', { outputs: [file] })

    expect(await readJson(response)).toMatchObject({ code: 'missing_blobs', missing: [sha256('bytes')] })
  })

  test('are refused beyond the limit of an attempt, whatever request they come in', async () => {
    const { fixture, runner, id, claim } = await start()
    const some = (from: number, count: number) =>
      Array.from({ length: count }, (_, index) => inlineFile(`f${from + index}`, 'x'))
    for (let from = 0; from < LIMITS.outputFiles; from += LIMITS.outputRequestFiles)
      await runner.report(claim, 'outputs', { outputs: some(from, LIMITS.outputRequestFiles) })

    const ahead = await runner.report(claim, 'outputs', { outputs: [inlineFile('more', 'x')] })
    const last = await runner.report(claim, 'complete', { ...SUCCESS, outputs: [inlineFile('more', 'x')] })
    const fine = await runner.report(claim, 'complete', SUCCESS)

    expect([ahead.status, last.status, fine.status]).toEqual([413, 413, 200])
    expect((await readJson<{ detail: string }>(ahead)).detail).toContain(
      `limit of ${LIMITS.outputFiles} files`,
    )
    expect((await getExecution(fixture, id)).artifacts).toHaveLength(LIMITS.outputFiles)
  })
})

describe('notes of a runner', () => {
  test('are in the record', async () => {
    const { fixture, runner, id, claim } = await start()

    await runner.report(claim, 'complete', { ...SUCCESS, notes: ['the pattern matched nothing'] })

    expect((await getExecution(fixture, id)).notes).toEqual(['the pattern matched nothing'])
  })
})

describe('the list of files', () => {
  const query = async (search: string, files: Record<string, string> = { 'a.csv': 'aa', 'b/c.txt': 'c' }) => {
    const { fixture, runner, id, claim } = await start()
    const outputs = Object.entries(files).map(([path, text]) => ({
      ...inlineFile(path, text),
      executable: text === 'tool',
    }))
    await runner.report(claim, 'complete', { ...SUCCESS, outputs })
    return fixture.send('GET', `/v1/executions/${id}/artifacts?${search}`)
  }

  test.for([
    ['', ['hello.py', 'a.csv', 'b/c.txt']],
    ['kind=output', ['a.csv', 'b/c.txt']],
    ['kind=output&only=*.csv', ['a.csv']],
    ['only=**&only=!b', ['hello.py', 'a.csv']],
    ['kind=output&maxFileBytes=1', ['b/c.txt']],
    ['kind=output&after=a.csv', ['b/c.txt']],
  ] as const)('with %j has what is asked for', async ([search, expected]) => {
    const { artifacts } = await readJson<ExecutionRecord>(await query(search))

    expect(artifacts.map(({ path }) => path).toSorted()).toEqual(expected.toSorted())
  })

  test.for([
    ['after=nothing', 'is none of the files asked for'],
    ['only=/etc', 'is absolute'],
    ['format=zip', 'format'],
    ['colour=red', 'colour'],
  ] as const)('refuses %j, and says why', async ([search, reason]) => {
    const response = await query(search)

    expect([response.status, await response.text()]).toEqual([400, expect.stringContaining(reason)])
  })

  test('comes as an archive of the output files, with their bytes and what can be executed', async () => {
    const long = `${'folder/'.repeat(30)}${'ü'.repeat(120)}.txt`
    const files = { 'run.sh': 'tool', empty: '', [long]: 'x'.repeat(1_000) }

    const response = await query('format=tar', files)

    const entries = await unpackTar(new Uint8Array(await response.arrayBuffer()))
    const found = entries.map(({ header, data }) => [
      header.name,
      header.type,
      (header.mode ?? 0) & 0o777,
      Buffer.from(data ?? []).toString(),
    ])
    expect(response.headers.get('content-type')).toBe('application/x-tar')
    expect(found.toSorted()).toEqual(
      Object.entries(files)
        .map(([path, text]) => [path, 'file', text === 'tool' ? 0o755 : 0o644, text])
        .toSorted(),
    )
  })

  test('comes as an archive with files that are no part of the store', async () => {
    const { fixture, runner, id, claim } = await start()
    const large = 'x'.repeat(1_000_000)
    const { data: _data, ...file } = inlineFile('large', large)
    await fixture.send('PUT', `/v1/blobs/${file.sha256}`, new Uint8Array(Buffer.from(large)))
    await runner.report(claim, 'complete', { ...SUCCESS, outputs: [file, inlineFile('small', 's')] })

    const response = await fixture.send('GET', `/v1/executions/${id}/artifacts?format=tar`)

    const entries = await unpackTar(new Uint8Array(await response.arrayBuffer()))
    expect(entries.map(({ header, data }) => [header.name, sha256(data ?? '')])).toEqual([
      ['large', sha256(large)],
      ['small', sha256('s')],
    ])
  })

  test('is not for other projects', async () => {
    const { fixture, id } = await start()
    const key = fixture.server.grant({ scopes: ['read'], project: 'other' })

    const response = await fixture.send('GET', `/v1/executions/${id}/artifacts?format=tar`, undefined, {
      key,
    })

    expect(response.status).toBe(404)
  })
})
