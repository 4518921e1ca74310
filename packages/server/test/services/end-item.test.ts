import { expect, test } from 'vitest'
import { endItem } from '../../src/services/end-item.js'
import { batchTopic, createSignals, queueTopic } from '../../src/signals.js'
import { createTestContext } from '../test-context.js'

test('lets the next of a lane go when one has ended, and nobody where there is no lane; tells who follows batches of either', async () => {
  const woken: string[] = []
  const note = (topic: string) => void woken.push(topic)
  const signals = { ...createSignals(), notify: note, notifySoon: note }
  const context = createTestContext({ signals })

  await endItem(context, { id: 'exec', project: 'p', lane: null, status: 'completed' })
  await endItem(context, { id: 'exec', project: 'p', lane: 'lane', status: 'completed' })

  expect(woken).toEqual([batchTopic('p'), batchTopic('p'), queueTopic('p', 'default')])
})
