import { artifactListSchema, executionIdSchema, pathSchema } from '@rgrid/protocol'
import { basename } from 'node:path/posix'
import * as z from 'zod'
import type { Context } from '../context.js'
import { answerBytes, answerJson } from '../http/answers.js'
import { defineRoute, type Route } from '../http/route.js'
import { openArtifact } from '../services/blobs.js'
import { listArtifacts } from '../services/executions.js'

const kindQuerySchema = z.strictObject({ kind: z.enum(['input', 'output']).default('output') })

/** The routes of the files of executions. */
export const artifactRoutes = (context: Context): Route[] => [
  defineRoute({
    method: 'get',
    path: '/v1/executions/{id}/artifacts',
    access: ['read'],
    summary: 'The files of an execution, given and made.',
    params: z.object({ id: executionIdSchema }),
    answers: { 200: [artifactListSchema] },
    handle: async ({ project, params: { id } }) =>
      answerJson({ artifacts: await listArtifacts(context, project, id) }),
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
]

// What encodeURIComponent leaves alone and RFC 8187 does not.
const encodeName = (name: string): string =>
  encodeURIComponent(name).replace(/['()*]/g, (character) => `%${character.charCodeAt(0).toString(16)}`)
