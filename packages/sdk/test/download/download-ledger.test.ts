import { RGridError, type ArtifactRecord } from '@rgrid/protocol'
import { describe, expect, test } from 'vitest'
import { createLedger } from '../../src/download/download-ledger.js'

const record = (path: string): ArtifactRecord => ({
  path,
  sha256: '0'.repeat(64),
  size: 1,
  executable: false,
  kind: 'output',
})

const failure = (code: string): Error => Object.assign(new Error(`${code}: of the system`), { code })

describe('a download', () => {
  test('that fills the disk ends there, and says what is missing and what to do', async () => {
    const ledger = createLedger('/home/me/out', ['a', 'b', 'c'].map(record), [])

    await ledger.watch(
      ledger.note('a', async () => undefined),
      ledger.note('b', () => Promise.reject(failure('ENOSPC'))),
    )

    expect(ledger.signal.aborted).toBe(true)
    expect(() => ledger.close()).toThrow(
      expect.objectContaining({
        code: 'not_saved',
        saved: ['/home/me/out/a'],
        failed: ['b', 'c'].map((path) => ({
          path,
          reason: 'no space is left in /home/me/out (ENOSPC: of the system): free some, then download again',
        })),
      }),
    )
  })

  test('goes on past a file that cannot be saved', async () => {
    const ledger = createLedger('/out', ['a', 'b'].map(record), [{ path: 'c', reason: 'is absolute' }])

    await ledger.note('a', () => Promise.reject(failure('EACCES')))
    await ledger.note('b', async () => undefined)

    expect(ledger.signal.aborted).toBe(false)
    expect(() => ledger.close()).toThrow(
      '2 of 3 files were not saved: "c": is absolute; "a": EACCES: of the system',
    )
  })

  test('ends with the error of the server where that is the reason', async () => {
    const ledger = createLedger('/out', [record('a')], [])
    const error = new RGridError('unreachable', 'no answer')

    await ledger.watch(ledger.note('a', () => Promise.reject(error)))

    expect(() => ledger.close()).toThrow(error)
  })
})
