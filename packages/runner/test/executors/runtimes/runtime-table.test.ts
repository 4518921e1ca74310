import { RUNTIMES } from '@rgrid/protocol'
import { describe, expect, it } from 'vitest'
import { StartError } from '../../../src/executors/executor.js'
import { DEFAULT_RUNTIMES, getEntry } from '../../../src/executors/runtimes/runtime-table.js'

describe('DEFAULT_RUNTIMES', () => {
  it('has the version that a runtime names', () => {
    for (const runtime of RUNTIMES) {
      const version = /\d.*$/.exec(runtime)?.[0] ?? ''
      expect(DEFAULT_RUNTIMES[runtime].image).toContain(`:${version}`)
    }
  })

  it('says what chooses each', () => {
    expect(DEFAULT_RUNTIMES.bash).toMatchObject({ extensions: ['.sh', '.bash'], programs: ['bash', 'sh'] })
    expect(DEFAULT_RUNTIMES.node22).toMatchObject({ extensions: [], programs: ['node22'] })
  })
})

describe('getEntry', () => {
  it('finds what is in the table', () => {
    expect(getEntry(DEFAULT_RUNTIMES, 'python')).toBe(DEFAULT_RUNTIMES.python)
  })

  it.for(['ruby', 'constructor', 'valueOf'])('has no %s', (name) => {
    expect(() => getEntry(DEFAULT_RUNTIMES, name)).toThrow(StartError)
    expect(() => getEntry(DEFAULT_RUNTIMES, name)).toThrow(`this runner has no runtime ${name}`)
  })
})
