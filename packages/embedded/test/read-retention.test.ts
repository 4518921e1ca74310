import { describe, expect, test } from 'vitest'
import { readRetention } from '../src/read-retention.js'

describe('how long things are kept', () => {
  test('comes from the environment, and options go before it', () => {
    const env = { RGRID_OUTPUTS_DAYS: '7', RGRID_LOGS_DAYS: 'off', RGRID_EXECUTIONS_DAYS: '' }

    expect(readRetention(env)).toEqual({ outputsDays: 7, logsDays: 'off' })
    expect(readRetention(env, { outputsDays: 0.5 })).toEqual({ outputsDays: 0.5, logsDays: 'off' })
  })

  test.for(['0', '-1', 'never', '36501', '1e3', ' 7'])(
    '%j is refused by the name of its variable',
    (text) => {
      expect(() => readRetention({ RGRID_LOGS_DAYS: text })).toThrow(
        /^RGRID_LOGS_DAYS is ".*": write a number/,
      )
    },
  )
})
