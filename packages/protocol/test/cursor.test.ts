import { describe, expect, test } from 'vitest'
import { cursorSchema, formatCursor, LOG_START, parseCursor } from '../src/index.js'

describe('cursors', () => {
  test.for([LOG_START, { attempt: 1, seq: 42 }, { attempt: 999_999, seq: 999_999_999_999_999 }])(
    '%j comes back',
    (cursor) => {
      expect(parseCursor(formatCursor(cursor))).toEqual(cursor)
      expect(cursorSchema.safeParse(formatCursor(cursor)).success).toBe(true)
    },
  )

  test.for([
    '',
    '1',
    '1.',
    '.1',
    '1.2.3',
    '-1.2',
    '1,2',
    ' 1.2',
    '1.2\n',
    '1e3.2',
    '1.1e3',
    '١.٢',
    '1234567.1',
  ])('refuses %j', (text) => {
    expect(parseCursor(text)).toBeUndefined()
    expect(cursorSchema.safeParse(text).success).toBe(false)
  })
})
