import type { RGridClient } from '../types.js'
import type { CliContext } from './context.js'

/** Lends a client to one command, and frees its connections at the end. */
export async function withClient<T>(
  context: CliContext,
  work: (client: RGridClient) => Promise<T>,
): Promise<T> {
  const client = await context.createClient()
  try {
    return await work(client)
  } finally {
    await client.close()
  }
}
