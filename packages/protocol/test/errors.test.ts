import { describe, expect, test, vi } from 'vitest'
import { z } from 'zod'
import { CLIENT_ERROR_CODES, ERROR_STATUS, problemSchema, RGridError, toIssues } from '../src/index.js'

describe('RGridError', () => {
  test('carries code, message and details', () => {
    const cause = new Error('socket hang up')
    const issues = [{ path: 'args', message: 'too many' }]
    const error = new RGridError('invalid_request', 'args: too many', { cause, requestId: 'req_1', issues })

    expect(error).toBeInstanceOf(Error)
    expect(error).toMatchObject({
      name: 'RGridError',
      code: 'invalid_request',
      requestId: 'req_1',
      issues,
      cause,
    })
    expect(error.missing).toEqual([])
    expect(String(error)).toBe('RGridError: args: too many')
  })

  test('has no cause where none is given', () => {
    expect('cause' in new RGridError('internal', 'oops')).toBe(false)
  })

  test('is recognised across two copies of the package', async () => {
    vi.resetModules()
    const other = await import('../src/errors.js')
    expect(other.RGridError).not.toBe(RGridError)

    expect(new other.RGridError('internal', 'oops')).toBeInstanceOf(RGridError)
    expect(new RGridError('internal', 'oops')).toBeInstanceOf(other.RGridError)
  })

  test('is not mistaken for one of its subclasses', () => {
    class SpecialError extends RGridError {}

    expect(new SpecialError('internal', 'oops')).toBeInstanceOf(RGridError)
    expect(new SpecialError('internal', 'oops')).toBeInstanceOf(SpecialError)
    expect(new RGridError('internal', 'oops')).not.toBeInstanceOf(SpecialError)
  })

  test.for([new Error('x'), new TypeError('x'), { code: 'internal' }, null, undefined, 'internal', 7])(
    'is not %s',
    (value) => {
      expect(value instanceof RGridError).toBe(false)
    },
  )
})

describe('codes', () => {
  test('have statuses of errors', () => {
    for (const status of Object.values(ERROR_STATUS)) {
      expect(status).toBeGreaterThanOrEqual(400)
      expect(status).toBeLessThan(600)
    }
  })

  test('of the server and of the client differ', () => {
    expect(CLIENT_ERROR_CODES.filter((code) => code in ERROR_STATUS)).toEqual([])
  })

  test('of the client never come from a server', () => {
    const problem = { type: 'about:blank', title: 't', status: 500, detail: 'd', requestId: 'r' }

    expect(problemSchema.safeParse({ ...problem, code: 'internal' }).success).toBe(true)
    expect(problemSchema.safeParse({ ...problem, code: 'unreachable' }).success).toBe(false)
  })
})

test('issues name the field by its path', () => {
  const schema = z.strictObject({ files: z.array(z.object({ size: z.int() })) })
  const { error } = schema.safeParse({ files: [{ size: 1 }, { size: 'x' }] })
  const unknown = schema.safeParse({ files: [], colour: 'red' }).error

  expect(error && toIssues(error)).toEqual([{ path: 'files.1.size', message: expect.any(String) as string }])
  expect(unknown && toIssues(unknown)[0]?.path).toBe('(body)')
})
