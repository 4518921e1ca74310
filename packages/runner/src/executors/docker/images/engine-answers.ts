import { mkdir, readFile, writeFile } from 'node:fs/promises'
import { hostname } from 'node:os'
import { join } from 'node:path'
import * as z from 'zod'
import type { Logger } from '../../../logger.js'
import { askEngine } from '../ask-engine.js'
import { formatEngineAddress, type EngineAddress } from '../engine-address.js'
import type { ProbeContext } from './probe-container.js'

/** What is needed to find out something of an engine that is the same for all of its images. */
export interface EngineQuestion {
  readonly cacheDirectory: string
  readonly address: EngineAddress
  readonly logger: Logger
  readonly imageId: string
  readonly getContext: () => Promise<ProbeContext>
}

const ANSWER_TIMEOUT_MS = 10_000

/**
 * Finds out something of an engine, once for each engine and machine: the answer is kept in the cache directory.
 *
 * @returns `undefined` where it cannot be found out now, which is logged and not kept.
 */
export async function answerOnce(
  { cacheDirectory, address, logger, getContext }: EngineQuestion,
  what: 'files' | 'fifos',
  find: (context: ProbeContext) => Promise<boolean>,
): Promise<boolean | undefined> {
  try {
    const folder = join(cacheDirectory, 'engines')
    const file = join(folder, `${await getEngineName(address)}.${what}.json`)
    const known = await readAnswer(file)
    if (known !== undefined) return known
    await mkdir(folder, { recursive: true, mode: 0o700 })
    const answer = await find(await getContext())
    await writeFile(file, JSON.stringify({ isShared: answer }))
    return answer
  } catch (error) {
    logger.warn(`whether containers share ${what} with this machine is not known: ${String(error)}`)
    return undefined
  }
}

const infoSchema = z.object({ ID: z.string() })

/** Engines of machines that are copies of each other have the same id, so the address counts as well. */
async function getEngineName(address: EngineAddress): Promise<string> {
  const { text } = await askEngine(address, '/info', ANSWER_TIMEOUT_MS)
  const { ID: id } = infoSchema.parse(JSON.parse(text))
  const at = 'socketPath' in address ? '' : `@${formatEngineAddress(address)}`
  return `${id}@${hostname()}${at}`.replaceAll(/[^\w.@-]/g, '-')
}

const answerSchema = z.object({ isShared: z.boolean() })

async function readAnswer(file: string): Promise<boolean | undefined> {
  try {
    return answerSchema.parse(JSON.parse(await readFile(file, 'utf8'))).isShared
  } catch {
    return undefined
  }
}
