import { LIMITS, RGridError } from '@rgrid/protocol'
import { resolve } from 'node:path'
import type { BatchEach } from './batch-options.js'
import { checkItem, tooManyItems, type CheckedBatch, type CheckedItem } from './check-batch.js'
import { expandGlob } from './expand-glob.js'

/** The items of a batch. */
export interface ItemList {
  /** How many there are, where that is known before the end. */
  readonly total: number | undefined
  readonly items: Iterable<CheckedItem> | AsyncIterable<CheckedItem>
}

/**
 * Lists the items of a batch. A glob and a list are checked here as a whole; what is still being made, item by item as it
 * comes.
 *
 * @throws RGridError `invalid_request` for a glob that matches nothing, for no items, too many, or a wrong one.
 */
export async function listItems({ each, common, template }: CheckedBatch): Promise<ItemList> {
  if (typeof each === 'string') {
    const found = await expandGlob(resolve(common.cwd ?? '.'), each)
    return checkAll(
      found.map(({ path, name }) => ({ args: [path], name: name.slice(-LIMITS.batchNameChars) })),
      template,
    )
  }
  if (Array.isArray(each)) return checkAll(each as readonly BatchEach[], template)
  return { total: undefined, items: checkEach(each, template) }
}

function checkAll(each: readonly BatchEach[], template: readonly string[]): ItemList {
  if (each.length > LIMITS.batchItems) throw tooManyItems()
  if (each.length === 0) throw noItems()
  const items = each.map((item, index) => checkItem(item, index, template))
  return { total: items.length, items }
}

async function* checkEach(
  each: Iterable<BatchEach> | AsyncIterable<BatchEach>,
  template: readonly string[],
): AsyncGenerator<CheckedItem, void> {
  let index = 0
  for await (const item of each) {
    if (index >= LIMITS.batchItems) throw tooManyItems()
    yield checkItem(item, index++, template)
  }
  if (index === 0) throw noItems()
}

const noItems = (): RGridError => new RGridError('invalid_request', 'each: there is no item')
