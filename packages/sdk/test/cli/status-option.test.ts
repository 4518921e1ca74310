import { statusSchema } from '@rgrid/protocol'
import { expect, test } from 'vitest'
import { statusOption } from '../../src/cli/args/status.js'

test('ls --status knows every status of the protocol', () => {
  expect(statusOption().argChoices).toEqual(statusSchema.options)
})
