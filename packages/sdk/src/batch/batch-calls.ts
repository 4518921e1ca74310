import {
  batchIdSchema,
  batchItemPageSchema,
  batchPageSchema,
  batchRetriedSchema,
  batchSchema,
  RGridError,
} from '@rgrid/protocol'
import type { Api } from '@rgrid/protocol/client'
import type { Batches } from './types.js'

/** Makes the calls that look at batches and act on them. */
export function createBatchCalls(getApi: () => Promise<Api>): Batches {
  return {
    list: async (query = {}) =>
      (await getApi()).call(batchPageSchema, { method: 'GET', path: `/v1/batches${toQuery(query)}` }),
    get: async (id) => (await getApi()).call(batchSchema, { method: 'GET', path: toPath(id) }),
    items: async (id, query = {}) =>
      (await getApi()).call(batchItemPageSchema, {
        method: 'GET',
        path: `${toPath(id)}/items${toQuery(query)}`,
      }),
    async cancel(id) {
      await (await getApi()).call(batchSchema, { method: 'POST', path: `${toPath(id)}/cancel` })
    },
    async retry(id) {
      const path = `${toPath(id)}/retry`
      return (await (await getApi()).call(batchRetriedSchema, { method: 'POST', path })).retried
    },
  }
}

/** @throws RGridError `invalid_request` for what is not the id of a batch. */
export function toBatchId(id: string): string {
  if (batchIdSchema.safeParse(id).success) return id
  throw new RGridError(
    'invalid_request',
    `${JSON.stringify(id)} is not a batch's id: it looks like batch_019a… and rgrid batch ls lists them`,
  )
}

const toPath = (id: string): string => `/v1/batches/${toBatchId(id)}`

function toQuery(query: Readonly<Record<string, string | number | boolean | undefined>>): string {
  const search = new URLSearchParams(
    Object.entries(query).flatMap(([name, value]) => (value === undefined ? [] : [[name, `${value}`]])),
  )
  return search.size === 0 ? '' : `?${search.toString()}`
}
