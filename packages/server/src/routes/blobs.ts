import { digestsSchema, LIMITS, okSchema, sha256Schema } from '@rgrid/protocol'
import * as z from 'zod'
import type { Context } from '../context.js'
import { answerBytes, answerJson } from '../http/answers.js'
import { assertLength, assertNotEncoded } from '../http/read-json.js'
import { readBytes } from '../http/read-bytes.js'
import { defineRoute, type Route } from '../http/route.js'
import { openBlob, putBlob } from '../services/blobs.js'

const params = z.object({ sha256: sha256Schema })

/** The routes of blobs. */
export const blobRoutes = (context: Context): Route[] => [
  defineRoute({
    method: 'post',
    path: '/v1/blobs/missing',
    access: ['submit', 'runner'],
    summary: 'Which of the blobs the project does not have.',
    body: digestsSchema,
    answers: { 200: [digestsSchema] },
    handle: async ({ project, body: { digests } }) =>
      answerJson({ digests: await context.store.blobs.listMissing(project, digests) }),
  }),

  defineRoute({
    method: 'put',
    path: '/v1/blobs/{sha256}',
    access: ['submit', 'runner'],
    summary: 'Stores a blob; its bytes must be those that the digest names.',
    params,
    takesBytes: true,
    answers: { 200: [okSchema] },
    async handle({ request, project, params: { sha256 } }) {
      assertNotEncoded(request)
      assertLength(request, LIMITS.inputBytes)
      await putBlob(context, project, sha256, readBytes(request, context.bodyTimeoutMs))
      return answerJson({ ok: true })
    },
  }),

  defineRoute({
    method: 'get',
    path: '/v1/blobs/{sha256}',
    access: ['runner', 'read'],
    summary: 'The bytes of a blob.',
    params,
    answers: { 200: ['bytes'] },
    async handle({ project, params: { sha256 } }) {
      const { size, body } = await openBlob(context, project, sha256)
      return answerBytes(body, { 'content-length': String(size) })
    },
  }),
]
