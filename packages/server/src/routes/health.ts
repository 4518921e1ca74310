import { okSchema, RGridError } from '@rgrid/protocol'
import type { Context } from '../context.js'
import { answerJson } from '../http/answers.js'
import { defineRoute, type Route } from '../http/route.js'

// An id that no key has; the query alone shows whether the store answers.
const NO_KEY = ''

/** The routes for machines that watch over the server. */
export const healthRoutes = ({ store, blobs, logger, closing }: Context): Route[] => [
  defineRoute({
    method: 'get',
    path: '/healthz',
    access: 'public',
    summary: 'Whether the process answers.',
    answers: { 200: [okSchema] },
    handle: () => Promise.resolve(answerJson({ ok: true })),
  }),

  defineRoute({
    method: 'get',
    path: '/readyz',
    access: 'public',
    summary: 'Whether the server can take work: its store and its blobs answer.',
    answers: { 200: [okSchema] },
    async handle() {
      try {
        await store.keys.find(NO_KEY)
        await blobs.check()
      } catch (error) {
        if (!closing.aborted) logger.error('the server is not ready', { error })
        throw new RGridError('unavailable', 'the store does not answer: see the log of the server')
      }
      return answerJson({ ok: true })
    },
  }),
]
