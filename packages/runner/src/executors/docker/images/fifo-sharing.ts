import { execFile } from 'node:child_process'
import { chmod, chown, mkdir, open, readFile, writeFile } from 'node:fs/promises'
import { constants } from 'node:fs'
import { hostname } from 'node:os'
import { join } from 'node:path'
import { promisify } from 'node:util'
import * as z from 'zod'
import type { Logger } from '../../../logger.js'
import { askEngine } from '../ask-engine.js'
import type { EngineAddress } from '../engine-address.js'
import { isEngineStatus } from '../engine-error.js'
import { runProbe, type ProbeContext } from './probe-container.js'
import { withTemporary } from './temporaries.js'

/** What is needed to find out whether FIFOs are shared. */
export interface FifoQuestion {
  readonly cacheDirectory: string
  readonly address: EngineAddress
  readonly logger: Logger
  /** An image that has a shell. */
  readonly imageId: string
  readonly getContext: () => Promise<ProbeContext>
}

const execute = promisify(execFile)

const WORD = 'rgrid-fifo'
// Not where containers of scripts have their directory: what is found there is swept away with all around it.
const TARGET = '/rgrid-fifo'
const DEADLINE_MS = 30_000
const ANSWER_TIMEOUT_MS = 10_000

/**
 * Whether a FIFO in a mounted directory connects a container with this process: not where the engine is on another
 * machine or in a virtual one. Asked once per engine and machine, and kept in the cache directory.
 */
export async function sharesFifos(question: FifoQuestion): Promise<boolean> {
  const { cacheDirectory, address, logger, getContext } = question
  try {
    const folder = join(cacheDirectory, 'engines')
    const file = join(folder, `${await getEngineName(address)}.json`)
    const known = await readAnswer(file)
    if (known !== undefined) return known
    await mkdir(folder, { recursive: true, mode: 0o700 })
    const answer = await tryFifo(await getContext(), question)
    await writeFile(file, JSON.stringify({ sharesFifos: answer }))
    return answer
  } catch (error) {
    logger.warn(`whether containers share FIFOs with this machine is not known: ${String(error)}`)
    return false
  }
}

const infoSchema = z.object({ ID: z.string() })

async function getEngineName(address: EngineAddress): Promise<string> {
  const { text } = await askEngine(address, '/info', ANSWER_TIMEOUT_MS)
  return `${infoSchema.parse(JSON.parse(text)).ID}@${hostname()}`.replaceAll(/[^\w.@-]/g, '-')
}

const answerSchema = z.object({ sharesFifos: z.boolean() })

async function readAnswer(file: string): Promise<boolean | undefined> {
  try {
    return answerSchema.parse(JSON.parse(await readFile(file, 'utf8'))).sharesFifos
  } catch {
    return undefined
  }
}

function tryFifo(context: ProbeContext, { cacheDirectory, imageId }: FifoQuestion): Promise<boolean> {
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
