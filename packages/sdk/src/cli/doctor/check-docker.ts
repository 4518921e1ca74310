import { parseEngineLocation } from '@rgrid/protocol'
import { messageOf } from '../errors.js'
import { askEngine, findEngine } from './ask-engine.js'
import { check, type Check } from './check.js'

const OK = 200

type Env = Readonly<Record<string, string | undefined>>

/** The image of each runtime, as a runner on this machine would use it. */
export type ImageTable = Readonly<Record<string, { readonly image: string }>>

/**
 * Whether a Docker engine answers, and which of the images that runtimes need are there.
 *
 * @param readTable - finds the images; with `undefined` nothing is said of them
 */
export async function checkDocker(
  env: Env,
  readTable: () => Promise<ImageTable | undefined>,
): Promise<Check[]> {
  const fault = findAddressFault(env)
  if (fault !== undefined) return [check('docker', 'fail', fault)]
  const host = findEngine(env)
  const answer = await askEngine(env, '/_ping')
  if (answer !== OK) {
    const what = typeof answer === 'number' ? `status ${answer}` : answer
    const so = 'scripts run as plain processes, without isolation'
    return [check('docker', 'warn', `no engine answers at ${host} (${what}): ${so}`)]
  }
  const table = await readTable()
  const engine = check('docker', 'ok', `the engine at ${host} answers`)
  return table === undefined ? [engine] : [engine, await checkImages(env, table)]
}

function findAddressFault(env: Env): string | undefined {
  try {
    parseEngineLocation(env)
    return undefined
  } catch (error) {
    return messageOf(error)
  }
}

async function checkImages(env: Env, table: ImageTable): Promise<Check> {
  const names = [...new Set(Object.values(table).map(({ image }) => image))]
  const answers = await Promise.all(names.map((name) => askEngine(env, `/images/${name}/json`)))
  const present = names.filter((_, index) => answers[index] === OK)
  const missing = names.filter((name) => !present.includes(name))
  if (present.length === 0)
    return check(
      'images',
      'warn',
      `none of ${missing.join(', ')} is there, so nothing runs in containers: docker pull ${missing[0]}`,
    )
  const runtimes = Object.keys(table).filter((name) => present.includes(table[name]?.image ?? ''))
  const without = missing.length === 0 ? '' : `; not there: ${missing.join(', ')}`
  return check('images', 'ok', `in containers run ${runtimes.join(', ')}${without}`)
}
