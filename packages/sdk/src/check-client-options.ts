import type { Fetch } from '@rgrid/protocol/client'
import * as z from 'zod'
import { assertOptions, toOptionError } from './check-call.js'
import type { ClientOptions } from './types.js'

const clientSchema = z.strictObject({
  url: z.string('must be the URL of a server, as text').optional(),
  apiKey: z.string('must be text').optional(),
  fetch: z.custom<Fetch>((value) => typeof value === 'function', 'must be a function').optional(),
})

/**
 * Checks what a program without types passes to `createClient`.
 *
 * @throws RGridError `invalid_request` naming the option that is wrong or unknown.
 */
export function checkClientOptions(options: ClientOptions): void {
  assertOptions(options)
  const checked = clientSchema.safeParse(options)
  if (!checked.success) throw toOptionError(checked.error)
}
