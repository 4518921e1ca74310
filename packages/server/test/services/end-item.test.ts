import { expect, test } from 'vitest'
import { endItem } from '../../src/services/end-item.js'
import { createSignals, queueTopic } from '../../src/signals.js'
import { createTestContext } from '../test-context.js'

test('lets the next of a lane go when one has ended, and nobody where there is no lane', async () => {
  const woken: string[] = []
  const signals = { ...createSignals(), notify: (topic: string) => void woken.push(topic) }
  const context = createTestContext({ signals })

  await endItem(context, { id: 'exec', project: 'p', lane: null, status: 'completed' })
  await endItem(context, { id: 'exec', project: 'p', lane: 'lane', status: 'completed' })

  expect(woken).toEqual([queueTopic('p', 'default')])
})
