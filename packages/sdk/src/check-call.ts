import { RGridError, toIssues } from '@rgrid/protocol'
import * as z from 'zod'
import type { RunOptions } from './types.js'

/** The forms of all options; values are checked with the request that they become part of. */
const callSchema = z.strictObject({
  script: z.string('must be the path of a file, as text'),
  args: z.array(z.string('must be text: wrap it in String()'), 'must be an array of texts').optional(),
  env: z.record(z.string(), z.string('must be text: wrap it in String()')).optional(),
  runtime: z.string().optional(),
  executor: z.string().optional(),
  timeoutMs: z.number('must be a number of milliseconds').optional(),
  labels: z.record(z.string(), z.string()).optional(),
  upload: z.boolean().optional(),
  cwd: z.string().optional(),
  signal: z.custom<AbortSignal>((value) => value instanceof AbortSignal, 'must be an AbortSignal').optional(),
})

/**
 * Checks what a program without types passes to `run`.
 *
 * @throws RGridError `invalid_request` naming the option that is wrong or unknown.
 */
export function checkCall(script: string, options: RunOptions): void {
  const call = callSchema.safeParse({ ...options, script })
  if (call.success) return
  const issues = toIssues(call.error)
  const text = issues
    .map(({ path, message }) => `${path === '(body)' ? 'options' : path}: ${message}`)
    .join('; ')
  throw new RGridError('invalid_request', text, { issues })
}
