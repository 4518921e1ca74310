import { describe, expect, test } from 'vitest'
import {
  attemptIdSchema,
  createExecutionId,
  createRunnerId,
  executionIdSchema,
  formatAttemptId,
  parseAttemptId,
  runnerIdSchema,
} from '../src/index.js'

const ID = 'exec_0192f0c1a2b37c4d8e5f60718293a4b5'

describe('execution ids', () => {
  test('a minted id is valid, unique and in the order of time', () => {
    const ids = Array.from({ length: 10_000 }, createExecutionId)

    expect(ids.every((id) => executionIdSchema.safeParse(id).success)).toBe(true)
    expect(new Set(ids).size).toBe(ids.length)
    expect(ids.toSorted()).toEqual(ids)
  })

  test.for([
    ['empty', ''],
    ['another prefix', ID.replace('exec', 'run')],
    ['uppercase', ID.toUpperCase()],
    ['dashes', 'exec_0192f0c1-a2b3-7c4d-8e5f-60718293a4b5'],
    ['UUIDv4', ID.replace('7c4d', '4c4d')],
    ['another variant', ID.replace('8e5f', 'ce5f')],
    ['too short', ID.slice(0, -1)],
    ['too long', `${ID}0`],
    ['a line break behind it', `${ID}\n`],
    ['a path', `${ID}/..`],
  ])('refuses %s', ([, id]) => {
    expect(executionIdSchema.safeParse(id).success).toBe(false)
  })
})

test('a minted runner id is valid and is no execution id', () => {
  const id = createRunnerId()

  expect(runnerIdSchema.safeParse(id).success).toBe(true)
  expect(executionIdSchema.safeParse(id).success).toBe(false)
})

describe('attempt ids', () => {
  test.for([1, 2, 10, 999_999])('attempt %s comes back', (attempt) => {
    const id = formatAttemptId(ID, attempt)

    expect(attemptIdSchema.safeParse(id).success).toBe(true)
    expect(parseAttemptId(id)).toEqual({ executionId: ID, attempt })
  })

  test.for(['', ID, `${ID}.`, `${ID}.0`, `${ID}.01`, `${ID}.-1`, `${ID}.1.1`, `${ID}.1000000`, `${ID}.1\n`])(
    'refuses %j',
    (id) => {
      expect(attemptIdSchema.safeParse(id).success).toBe(false)
      expect(() => parseAttemptId(id)).toThrow(TypeError)
    },
  )
})
