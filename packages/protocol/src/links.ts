import * as z from 'zod'
import { LIMITS } from './limits.js'
import { findPathFault, pathSchema } from './paths.js'

/**
 * Says what is wrong with the target of a symbolic link in a workspace, or `undefined` when it is fine. Targets are
 * relative and do not lead out of the workspace. They begin with all of their `..` parts: behind a name, which may be
 * another link, those could lead anywhere.
 */
export function findLinkFault(path: string, target: string): string | undefined {
  if (target.startsWith('/')) return 'is absolute'
  if (Buffer.byteLength(target) > LIMITS.pathBytes) return `is over ${LIMITS.pathBytes} bytes`
  const parts = target === '.' ? [] : target.split('/')
  const firstName = parts.findIndex((part) => part !== '..')
  const ups = firstName === -1 ? parts.length : firstName
  if (ups > path.split('/').length - 1) return 'leads out of the workspace'
  const names = parts.slice(ups)
  return names.length === 0 ? undefined : findPathFault(names.join('/'))
}

/** A symbolic link in a workspace. */
export const linkSchema = z
  .strictObject({ path: pathSchema, target: z.string() })
  .superRefine(({ path, target }, context) => {
    const fault = findLinkFault(path, target)
    if (fault !== undefined)
      context.addIssue({ code: 'custom', path: ['target'], message: `target ${fault}` })
  })
  .meta({ id: 'Link', description: 'A symbolic link in the workspace.' })

/** A symbolic link in a workspace. */
export type Link = z.infer<typeof linkSchema>
