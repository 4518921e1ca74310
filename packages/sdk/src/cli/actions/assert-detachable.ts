import type { RGridClient } from '../../types.js'
import { UsageError } from '../errors.js'

/** @throws UsageError where what is started would end with this command. */
export async function assertDetachable(client: RGridClient): Promise<void> {
  if ((await client.target()) === 'embedded')
    throw new UsageError(
      '-d needs a server that stays when this command ends: start rgrid up in another terminal, or set RGRID_URL',
    )
}
