import { specSchema } from '@rgrid/protocol'
import { expect, test } from 'vitest'
import { toFingerprint } from '../../src/services/hash-spec.js'
import { createSpec } from '../server-fixture.js'
import { createTestContext } from '../test-context.js'

const print = (salt: string): string => {
  const { files, ...spec } = specSchema.parse(createSpec({ env: { TOKEN: 'secret' } }))
  return toFingerprint(salt, spec, files, 0)
}

test('equal specs have one fingerprint in a project, and another in the next', async () => {
  const { batches } = createTestContext().store

  const [first, again] = await Promise.all([batches.getSalt('one'), batches.getSalt('one')])
  const other = await batches.getSalt('other')

  expect(print(first)).toBe(print(again))
  expect(print(other)).not.toBe(print(first))
})
