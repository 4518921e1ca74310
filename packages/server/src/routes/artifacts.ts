import {
  artifactListSchema,
  artifactQuerySchema,
  executionIdSchema,
  okSchema,
  pathSchema,
  type ArtifactRecord,
} from '@rgrid/protocol'
import { basename } from 'node:path/posix'
import * as z from 'zod'
import type { Context } from '../context.js'
import { answerBytes, answerJson } from '../http/answers.js'
import { defineRoute, type Route } from '../http/route.js'
import { openArtifact } from '../services/blobs.js'
import { listArtifacts } from '../services/executions.js'
import { packArtifacts } from '../services/pack-artifacts.js'
import { removeOutput } from '../services/remove-execution.js'
import { selectArtifacts } from '../services/select-artifacts.js'

const kindQuerySchema = z.strictObject({ kind: z.enum(['input', 'output']).default('output') })

const isKept = ({ expiredAt, deletedAt }: ArtifactRecord): boolean =>
  expiredAt === undefined && deletedAt === undefined

/** The routes of the files of executions. */
export const artifactRoutes = (context: Context): Route[] => [
  defineRoute({
    method: 'get',
    path: '/v1/executions/{id}/artifacts',
    access: ['read'],
    summary:
      'The files of an execution, given and made: their list, or with `format=tar` an archive of them.',
    params: z.object({ id: executionIdSchema }),
    query: artifactQuerySchema,
    answers: { 200: [artifactListSchema, 'bytes'] },
    async handle({ project, params: { id }, query: { format, ...wanted } }) {
      const { artifacts, finishedAt } = await listArtifacts(context, project, id)
      if (format === 'json') return answerJson({ artifacts: selectArtifacts(artifacts, wanted) })
      const { kind = 'output' } = wanted
      const packed = selectArtifacts(artifacts, { ...wanted, kind }).filter(isKept)
      return answerBytes(packArtifacts(context, { project, time: new Date(finishedAt ?? 0) }, packed), {
        'content-type': 'application/x-tar',
        'content-disposition': `attachment; filename="${id}.tar"`,
      })
    },
  }),

  defineRoute({
    method: 'get',
    path: '/v1/executions/{id}/artifacts/{path}',
    access: ['read'],
    summary: 'The bytes of a file.',
    params: z.object({ id: executionIdSchema, path: pathSchema }),
    query: kindQuerySchema,
    answers: { 200: ['bytes'] },
    async handle({ project, params: { id, path }, query: { kind } }) {
      const { size, body } = await openArtifact(context, project, id, kind, path)
      return answerBytes(body, {
        'content-length': String(size),
        'content-disposition': `attachment; filename*=UTF-8''${encodeName(basename(path))}`,
      })
    },
  }),

  defineRoute({
    method: 'delete',
    path: '/v1/executions/{id}/artifacts/{path}',
    access: ['admin'],
    summary: 'Deletes the bytes of an output file of an execution that has ended.',
    params: z.object({ id: executionIdSchema, path: pathSchema }),
    answers: { 200: [okSchema] },
    async handle({ project, params: { id, path } }) {
      await removeOutput(context, project, id, path)
      return answerJson({ ok: true })
    },
  }),
]

// What encodeURIComponent leaves alone and RFC 8187 does not.
const encodeName = (name: string): string =>
  encodeURIComponent(name).replace(/['()*]/g, (character) => `%${character.charCodeAt(0).toString(16)}`)
