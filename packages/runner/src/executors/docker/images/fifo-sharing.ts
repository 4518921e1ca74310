import { execFile } from 'node:child_process'
import { chmod, chown, mkdir, open } from 'node:fs/promises'
import { constants } from 'node:fs'
import { join } from 'node:path'
import { promisify } from 'node:util'
import { isEngineStatus } from '../engine-error.js'
import { answerOnce, type EngineQuestion } from './engine-answers.js'
import { runProbe, type ProbeContext } from './probe-container.js'
import { withTemporary } from './temporaries.js'

const execute = promisify(execFile)

const WORD = 'rgrid-fifo'
// Not where containers of scripts have their directory: what is found there is swept away with all around it.
const TARGET = '/rgrid-fifo'
const DEADLINE_MS = 30_000

/**
 * Whether a FIFO in a mounted directory connects a container with this process: not where the engine is on another
 * machine or in a virtual one. The image has to have a shell.
 */
export const sharesFifos = (question: EngineQuestion): Promise<boolean | undefined> =>
  answerOnce(question, 'fifos', (context) => tryFifo(context, question))

function tryFifo(context: ProbeContext, { cacheDirectory, imageId }: EngineQuestion): Promise<boolean> {
  return withTemporary(context.traces, join(cacheDirectory, 'fifo'), async (directory) => {
    await mkdir(directory, { mode: 0o700 })
    const fifo = join(directory, 'fifo')
    await execute('mkfifo', ['-m', '600', fifo])
    for (const path of [directory, fifo])
      if (context.user.isForeign) await chown(path, context.user.uid, context.user.gid)
    await chmod(directory, 0o700)
    const reader = await open(fifo, constants.O_RDONLY | constants.O_NONBLOCK)
    try {
      await writeFromContainer(context, imageId, directory)
      // The word waits in the FIFO, or never will be there.
      const { bytesRead, buffer } = await reader.read(Buffer.alloc(WORD.length), 0, WORD.length, null)
      return buffer.toString('utf8', 0, bytesRead) === WORD
    } finally {
      await reader.close()
    }
  })
}

async function writeFromContainer(context: ProbeContext, imageId: string, source: string): Promise<void> {
  try {
    await runProbe(context, {
      imageId,
      // Opened for both directions: that never waits for someone who reads.
      command: ['/bin/sh', '-c', `echo ${WORD} 1<>${TARGET}/fifo`],
      mount: { source, target: TARGET, isReadOnly: true },
      deadlineMs: DEADLINE_MS,
    })
  } catch (error) {
    // An engine that does not see the directory refuses the mount.
    if (!isEngineStatus(error, 400)) throw error
  }
}
