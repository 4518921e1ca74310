import { randomUUID } from 'node:crypto'
import { mkdir, writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { buffer } from 'node:stream/consumers'
import { isEngineStatus } from '../engine-error.js'
import { callEngine } from './call-engine.js'
import { answerOnce, type EngineQuestion } from './engine-answers.js'
import { withProbeContainer, type ProbeContext } from './probe-container.js'
import { withTemporary } from './temporaries.js'

const TARGET = '/rgrid-files'
const DEADLINE_MS = 30_000

/**
 * Whether a directory of this machine that is mounted into a container is seen there. An address does not tell: a socket
 * may lead to another machine, and a port to this one. The container is only looked into, so the image needs no shell.
 */
export const sharesFiles = (question: EngineQuestion): Promise<boolean | undefined> =>
  answerOnce(question, 'files', (context) => tryFile(context, question))

function tryFile(context: ProbeContext, { cacheDirectory, imageId }: EngineQuestion): Promise<boolean> {
  return withTemporary(context.traces, join(cacheDirectory, 'files'), async (source) => {
    // An engine elsewhere may have a directory of that name, but not one with this word in it.
    const word = randomUUID()
    await mkdir(source, { mode: 0o755 })
    await writeFile(join(source, 'word'), word, { mode: 0o644 })
    const probe = {
      imageId,
      command: ['/rgrid-never-started'],
      mount: { source, target: TARGET, isReadOnly: true },
      deadlineMs: DEADLINE_MS,
    }
    try {
      return await withProbeContainer(context, probe, ({ id }) => hasWord(context, id, word))
    } catch (error) {
      // An engine that does not see the directory refuses the mount.
      if (isEngineStatus(error, 400)) return false
      throw error
    }
  })
}

async function hasWord({ address, signal }: ProbeContext, id: string, word: string): Promise<boolean> {
  const response = await callEngine({
    address,
    method: 'GET',
    path: `/containers/${id}/archive?path=${encodeURIComponent(`${TARGET}/word`)}`,
    signal: AbortSignal.any([signal, AbortSignal.timeout(DEADLINE_MS)]),
  })
  const archive = await buffer(response)
  if (response.statusCode === 404) return false
  if (response.statusCode !== 200)
    throw new Error(`the engine answers ${response.statusCode} when it is asked for a file`)
  return archive.includes(word)
}
