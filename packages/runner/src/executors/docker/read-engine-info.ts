import type Docker from 'dockerode'
import * as z from 'zod'

const infoSchema = z.object({
  ServerVersion: z.string().default(''),
  InitCommit: z.object({ ID: z.string() }).optional(),
})

/** What has to be known of an engine. */
export interface EngineInfo {
  /** Whether it can put an init before a script. */
  readonly hasInit: boolean
  /** What to tell whoever runs it; `undefined` when nothing. */
  readonly warning: string | undefined
}

// Closes CVE-2026-41567, CVE-2026-41568 and CVE-2026-42306, ways out of a container.
const SAFE = [29, 5, 1] as const

/** Asks an engine what it is. */
export async function readEngineInfo(docker: Docker): Promise<EngineInfo> {
  const { ServerVersion: version, InitCommit } = infoSchema.parse(await docker.info())
  const safe = SAFE.join('.')
  return {
    // What the engine answers when it finds no init to ask for its version.
    hasInit: InitCommit?.ID !== 'N/A',
    warning: isOlder(version)
      ? `the Docker engine ${version} is older than ${safe}, which closes known ways out of a container: update it before you run scripts of strangers`
      : undefined,
  }
}

function isOlder(version: string): boolean {
  const [, ...parts] = /^(\d+)\.(\d+)\.(\d+)/.exec(version) ?? []
  for (const [index, part] of parts.entries()) {
    const difference = Number(part) - (SAFE[index] ?? 0)
    if (difference !== 0) return difference < 0
  }
  return false
}
