import { LIMITS, type Claim } from '@rgrid/protocol'
import { createHash } from 'node:crypto'
import { writeFileSync } from 'node:fs'
import { chmod, readFile, stat } from 'node:fs/promises'
import { join } from 'node:path'
import { describe, expect, it } from 'vitest'
import { listOutputs } from '../../src/attempt/list-outputs.js'
import { fillWorkspace, type Workspace } from '../../src/attempt/workspace.js'
import type { Place } from '../../src/executors/executor.js'
import type { ContractContext } from './contract/contract-context.js'
import { runScript } from './contract/start-script.js'
import { createTestExecutor, requireDocker } from './require-docker.js'
import { createTestDirectory } from './test-directory.js'

const isRoot = process.getuid?.() === 0
const MODEL = Buffer.alloc(LIMITS.sharedInputBytes, 'model')
const sha256 = createHash('sha256').update(MODEL).digest('hex')

const TRY_TO_CHANGE = `
import os
tries = {
    'append': lambda: open('model.bin', 'ab'),
    'update': lambda: open('model.bin', 'r+b'),
    'truncate': lambda: os.truncate('model.bin', 0),
    'chmod': lambda: os.chmod('model.bin', 0o666),
    'chown': lambda: os.chown('model.bin', os.getuid(), os.getgid()),
    'touch': lambda: os.utime('model.bin', (1, 1)),
    'label': lambda: os.setxattr('model.bin', 'user.mark', b'x'),
}
for name, change in tries.items():
    try:
        change()
        print(name)
    except OSError:
        pass
with open('model.bin', 'rb') as file: print(len(file.read()))
`

const REPLACE = `
import os
os.rename('model.bin', 'old.bin')
with open('model.bin', 'w') as file: file.write('new')
`

describe.skipIf(!(await requireDocker()) || !isRoot)('an input file that executions share', () => {
  const run = async (onTestFinished: ContractContext['onTestFinished'], source: string) => {
    const context: ContractContext = {
      onTestFinished,
      create: (instance, directory) => createTestExecutor(instance, directory),
      countLeft: async () => 0,
    }
    const blob = join(createTestDirectory(onTestFinished), sha256)
    writeFileSync(blob, MODEL)
    await chmod(blob, 0o444)
    let workspace: Workspace | undefined
    const { stdout, stderr } = await runScript(context, source, {
      async onPlace({ workDir, canShareInputs = false }: Place) {
        const files = [{ path: 'model.bin', sha256, size: MODEL.length, executable: false }]
        const claim = { spec: { files, folders: [] } } as unknown as Claim
        workspace = await fillWorkspace(workDir, claim, {
          fetchBlob: async () => ({ path: blob, [Symbol.asyncDispose]: () => Promise.resolve() }),
          canShare: canShareInputs,
        })
        expect((await stat(join(workDir, 'model.bin'))).ino).toBe((await stat(blob)).ino)
      },
    })
    expect(stderr.toString()).toBe('')
    const { uid, mode } = await stat(blob)
    expect([(await readFile(blob)).equals(MODEL), uid, mode & 0o777]).toEqual([true, 0, 0o444])
    const { candidates } = await listOutputs(workspace ?? expect.fail())
    return { printed: stdout.toString(), outputs: candidates.map(({ path }) => path).toSorted() }
  }

  it('can be read, and not changed', async ({ onTestFinished }) => {
    expect(await run(onTestFinished, TRY_TO_CHANGE)).toEqual({
      printed: `${MODEL.length}\n`,
      outputs: ['script.py'],
    })
  })

  it('can be replaced in its place, which is seen', async ({ onTestFinished }) => {
    expect((await run(onTestFinished, REPLACE)).outputs).toEqual(['model.bin', 'old.bin', 'script.py'])
  })
})
