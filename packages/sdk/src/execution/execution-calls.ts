import {
  artifactListSchema,
  executionIdSchema,
  executionPageSchema,
  executionSchema,
  isTerminal,
  okSchema,
  RGridError,
  type ExecutionRecord,
  type ListQuery,
  type Status,
} from '@rgrid/protocol'
import type { Api } from '@rgrid/protocol/client'
import { downloadArtifacts } from '../download/download-artifacts.js'
import { encodePath } from '../download/fetch-artifact.js'
import { checkDownloadOptions } from '../download/plan-download.js'
import type { RGridClient } from '../types.js'
import { createArtifact } from './create-artifact.js'
import { readLogs } from './read-logs.js'

type ExecutionCalls = Pick<
  RGridClient,
  'get' | 'list' | 'cancel' | 'remove' | 'logs' | 'artifacts' | 'download'
>

/** Makes the calls that look at executions by their id and act on them. */
export function createExecutionCalls(getApi: () => Promise<Api>): ExecutionCalls {
  const get = async (id: string): Promise<ExecutionRecord> =>
    (await getApi()).call(executionSchema, { method: 'GET', path: toPath(id) })

  return {
    get,
    list: async (query = {}) =>
      (await getApi()).call(executionPageSchema, { method: 'GET', path: toListPath(query) }),
    async cancel(id) {
      await (await getApi()).call(executionSchema, { method: 'POST', path: `${toPath(id)}/cancel` })
    },
    async remove(id, { output } = {}) {
      const rest = output === undefined ? '' : `/artifacts/${encodePath(output)}`
      await (await getApi()).call(okSchema, { method: 'DELETE', path: `${toPath(id)}${rest}` })
    },
    logs: (id, options = {}) => readLogs(async () => [await getApi(), toExecutionId(id)], options),
    async artifacts(id, { kind = 'output' } = {}) {
      const api = await getApi()
      const path = `${toPath(id)}/artifacts?kind=${kind}`
      const { artifacts } = await api.call(artifactListSchema, { method: 'GET', path })
      return artifacts.map((artifact) => createArtifact(api, id, artifact))
    },
    async download(id, directory, options = {}) {
      checkDownloadOptions(options)
      const { status, artifacts } = await get(id)
      if (!isTerminal(status)) throw stillGoesOn(id, status)
      return downloadArtifacts({ api: await getApi(), executionId: id, artifacts }, directory, options)
    },
  }
}

/** @throws RGridError `invalid_request` for what is not the id of an execution. */
export function toExecutionId(id: string): string {
  if (executionIdSchema.safeParse(id).success) return id
  throw new RGridError(
    'invalid_request',
    `${JSON.stringify(id)} is not an execution's id: it looks like exec_019a… and rgrid ls lists them`,
  )
}

const toPath = (id: string): string => `/v1/executions/${toExecutionId(id)}`

function toListPath(query: ListQuery): string {
  const entries = Object.entries<string | number | undefined>({ ...query })
  const search = new URLSearchParams(
    entries.flatMap(([name, value]) => (value === undefined ? [] : [[name, `${value}`]])),
  )
  return `/v1/executions?${search.toString()}`
}

const stillGoesOn = (id: string, status: Status): RGridError =>
  new RGridError(
    'invalid_request',
    `${id} is still ${status}, its files come at its end: wait for it, then download again`,
  )
