import { RGridError } from '@rgrid/protocol'
import { describe, expect, it } from 'vitest'
import { formatError } from '../../src/cli/format-error.js'

describe('an error line', () => {
  it('is one line, whatever the message holds', () => {
    expect(formatError(new Error('one\n  two\x1b[2J'), false)).toBe('rgrid: one two\\u{1b}[2J\n')
  })

  it('names the fields that are wrong', () => {
    const error = new RGridError('invalid_request', 'the request is wrong', {
      issues: [{ path: 'env.A=B', message: 'a name is letters' }],
    })

    expect(formatError(error, false)).toBe('rgrid: the request is wrong: env.A=B a name is letters\n')
  })

  it('does not say twice what the message already says', () => {
    const error = new RGridError('invalid_request', 'args: too many', {
      issues: [{ path: 'args', message: 'too many' }],
    })

    expect(formatError(error, false)).toBe('rgrid: args: too many\n')
  })

  it("has the next step and the request's id where a server said no", () => {
    const error = new RGridError('unauthenticated', 'this key is not known.', { requestId: 'req_1' })

    expect(formatError(error, false)).toMatch(
      /^rgrid: this key is not known: put a valid key .* \(request req_1\)\n$/,
    )
  })

  it('is followed by the stack and the cause when debugging', () => {
    const text = formatError(new Error('outer', { cause: new Error('inner') }), true)

    expect(text).toMatch(/^rgrid: outer\n/)
    expect(text).toContain('format-error.test.ts')
    expect(text).toContain('inner')
  })
})
