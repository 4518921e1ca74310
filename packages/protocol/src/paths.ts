import * as z from 'zod'
import { LIMITS } from './limits.js'

/** Finds a control character. */
// eslint-disable-next-line no-control-regex -- control characters are what is looked for
export const CONTROL = /[\u0000-\u001f\u007f]/

/**
 * Says what is wrong with a path in a workspace, or `undefined` when it is fine. Paths are relative, parted by
 * `/`, without `.` and `..` parts, backslashes or control characters, within {@link LIMITS}.
 */
export function findPathFault(path: string): string | undefined {
  if (path === '') return 'is empty'
  if (CONTROL.test(path)) return 'has a control character'
  if (!path.isWellFormed()) return 'is not valid Unicode'
  if (path.includes('\\')) return 'has a backslash'
  if (path.startsWith('/')) return 'is absolute'
  if (Buffer.byteLength(path) > LIMITS.pathBytes) return `is over ${LIMITS.pathBytes} bytes`
  const parts = path.split('/')
  if (parts.length > LIMITS.pathParts) return `has over ${LIMITS.pathParts} parts`
  if (parts.some((part) => part === '' || part === '.' || part === '..'))
    return 'has an empty, "." or ".." part'
  if (parts.some((part) => Buffer.byteLength(part) > LIMITS.pathPartBytes))
    return `has a part over ${LIMITS.pathPartBytes} bytes`
  return undefined
}

/** A path in a workspace, as {@link findPathFault} allows it. */
export const pathSchema = z.string().superRefine((path, context) => {
  const fault = findPathFault(path)
  if (fault !== undefined) context.addIssue({ code: 'custom', message: `path ${fault}` })
})
