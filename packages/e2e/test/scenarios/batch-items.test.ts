import { LIMITS } from '@rgrid/protocol'
import type { BatchOptions, BatchResult } from '@rgrid/sdk'
import { symlink, truncate, writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { createProject } from '../support/project.js'
import { hasDocker } from '../support/requirements.js'
import { KINDS, type World } from '../support/worlds.js'

const isDockerThere = await hasDocker()

describe.for([KINDS.embeddedProcess, KINDS.httpProcess, KINDS.httpDocker])(
  'items of a batch, $name,',
  (kind) => {
    const isThere = kind.executor === 'process' || isDockerThere
    let world: World
    beforeAll(async () => {
      if (isThere) world = await kind.open()
    })
    afterAll(async () => {
      if (isThere) await world.close()
    })

    const collect = async (options: BatchOptions): Promise<BatchResult[]> => {
      const results: BatchResult[] = []
      for await (const result of world.client.batch('script.sh', options)) results.push(result)
      return results.sort((one, other) => one.index - other.index)
    }
    const read = (results: readonly BatchResult[]): Promise<string[]> =>
      Promise.all(results.map((result) => result.text()))

    test.skipIf(!isThere)('have inputs of their own, which count when it is called again', async () => {
      const cwd = await createProject({
        'script.sh': 'cat "$1" common own 2>/dev/null | tr "\\n" " "',
        'in/a.txt': 'a\n',
        common: 'common\n',
      })
      const call = (own: string) =>
        collect({
          cwd,
          inputs: ['common'],
          each: [
            { args: ['in/a.txt'], inputs: [{ path: 'own', data: own }] },
            { args: ['none'], inputs: ['in/*', { path: 'common', data: 'another\n' }] },
            { args: ['none'], inputs: [{ path: 'own', data: new Blob(['streamed\n']).stream() }] },
          ],
        })

      const first = await call('own\n')
      const again = await call('changed\n')

      expect(await read(first)).toEqual(['a common own ', 'another ', 'common streamed '])
      expect(await read(again)).toEqual(['a common changed ', 'another ', 'common streamed '])
      expect(again.map(({ outcome }) => outcome)).toEqual(['new', 'reused', 'reused'])
    })

    test.skipIf(!isThere)('that are folders keep their links', async () => {
      const cwd = await createProject({
        'script.sh': 'cat "$1/link"; readlink "$1/link"; ls "$1"',
        'one/x.txt': 'one\n',
      })
      await symlink('x.txt', join(cwd, 'one/link'))
      await symlink('/etc/passwd', join(cwd, 'one/outside'))

      expect(await read(await collect({ cwd, each: ['one'] }))).toEqual(['one\nx.txt\nlink\nx.txt\n'])
    })

    test.skipIf(!isThere)(
      'with keys join a single execution, end with it, and stand for it later',
      async () => {
        const cwd = await createProject({
          'script.sh': 'until [ -e go ] || [ "$1" != wait ]; do sleep 0.05; done; exit 3',
        })
        const single = world.client.run('script.sh', {
          cwd,
          args: ['wait'],
          key: `joined ${cwd}`,
          timeoutMs: 60_000,
        })
        single.catch(() => undefined)
        await single.accepted
        const options = { cwd, timeoutMs: 60_000, each: [{ args: ['wait'], key: `joined ${cwd}` }, 'word'] }
        const batch = world.client.batch('script.sh', options)
        await batch.accepted
        await single.cancel()
        const { failed } = await batch
        const again = await collect(options)

        expect(failed[0]).toMatchObject({ index: 0, id: single.id, status: 'cancelled' })
        expect(again[0]).toMatchObject({ id: single.id, outcome: 'reused', status: 'cancelled' })
        await expect(
          collect({ cwd, each: ['word', { args: ['other'], key: `joined ${cwd}` }] }),
        ).rejects.toMatchObject({
          code: 'key_conflict',
          message: expect.stringMatching(/^each\.1\.key: /) as string,
        })
      },
    )

    test.skipIf(!isThere)(
      'whose files are uploaded stop at once when the batch is cancelled, as one execution does',
      async () => {
        const cwd = await createProject({ 'script.sh': 'cat "$1" > /dev/null' })
        const size = LIMITS.inputBytes / 16
        await writeFile(join(cwd, 'large'), '')
        await truncate(join(cwd, 'large'), size)
        const execution = world.client.run('script.sh', { cwd, args: ['large'] })
        execution.catch(() => undefined)
        await new Promise<void>((resolve) => {
          execution.onUpload(({ phase, bytesDone }) => phase === 'uploading' && bytesDone > 0 && resolve())
        })
        const start = performance.now()
        await execution.cancel()
        const cancelMs = performance.now() - start

        await expect(execution).rejects.toMatchObject({ code: 'cancelled' })
        await expect(world.client.get(execution.id)).rejects.toMatchObject({ code: 'not_found' })
        expect(cancelMs).toBeLessThan(500)

        const batch = world.client.batch('script.sh', { cwd, each: ['large'] })
        await new Promise<void>((resolve) => {
          batch.onProgress(({ total }) => total > 0 && resolve())
        })
        await batch.cancel()
        expect(await batch).toMatchObject({ ok: false, counts: { total: 0 } })
      },
    )
  },
)
