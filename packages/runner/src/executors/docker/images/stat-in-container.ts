import * as z from 'zod'
import { callEngine } from './call-engine.js'
import type { ProbeContext } from './probe-container.js'

// Bits of Go's file mode.
const SYMLINK = 0x0800_0000
const NO_REGULAR_FILE = 0x8f28_0000
const EXECUTABLE = 0o111
const MAX_LINKS = 8

const statSchema = z.object({ mode: z.number(), linkTarget: z.string() })

/**
 * Whether a path in a container that need not run leads to a program.
 *
 * @returns the path that it leads to at last; `undefined` when there is no program.
 */
export async function findProgramAt(
  context: ProbeContext,
  containerId: string,
  path: string,
): Promise<string | undefined> {
  let target = path
  for (let links = 0; links < MAX_LINKS; links++) {
    const stat = await statInContainer(context, containerId, target)
    if (stat === undefined) return undefined
    if ((stat.mode & SYMLINK) === 0)
      return (stat.mode & NO_REGULAR_FILE) === 0 && (stat.mode & EXECUTABLE) !== 0 ? target : undefined
    target = stat.linkTarget
  }
  return undefined
}

async function statInContainer({ address, signal }: ProbeContext, id: string, path: string) {
  const response = await callEngine({
    address,
    method: 'HEAD',
    path: `/containers/${id}/archive?path=${encodeURIComponent(path)}`,
    signal,
  })
  response.resume()
  if (response.statusCode === 404) return undefined
  const header = response.headers['x-docker-container-path-stat']
  if (response.statusCode !== 200 || typeof header !== 'string')
    throw new Error(`the engine answers ${response.statusCode} when it is asked for ${path}`)
  return statSchema.parse(JSON.parse(Buffer.from(header, 'base64').toString()))
}
