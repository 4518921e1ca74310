import type { RGridClient } from '../types.js'
import type { CliContext } from './context.js'
import { note } from './write.js'

/**
 * Lends a client to one command, and frees its connections at the end.
 *
 * @param say - tells, beside what the command shows, that the server does not answer
 */
export async function withClient<T>(
  context: CliContext,
  work: (client: RGridClient) => Promise<T>,
  say: (text: string) => Promise<void> = (text) => note(context, text),
): Promise<T> {
  const client = await context.createClient(() => void say('the server does not answer, still trying…'))
  try {
    return await work(client)
  } finally {
    await client.close()
  }
}
