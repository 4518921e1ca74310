import { describe, expect, test } from 'vitest'
import {
  causeSchema,
  isHeld,
  isTerminal,
  LEGAL_MOVES,
  movesTo,
  statusSchema,
  toTerminalStatus,
  type Cause,
  type Status,
} from '../src/index.js'

const all = statusSchema.options
const terminal: readonly Status[] = ['completed', 'failed', 'timed_out', 'cancelled', 'lost']

describe('legal moves', () => {
  test('every move that is allowed, and no other', () => {
    const moves = all.flatMap((from) => LEGAL_MOVES[from].map((to) => `${from} → ${to}`))

    expect(moves).toEqual([
      'queued → claimed',
      'queued → cancelled',
      'queued → lost',
      'claimed → queued',
      'claimed → running',
      'claimed → failed',
      'claimed → cancelled',
      'claimed → lost',
      'running → queued',
      'running → finishing',
      'running → completed',
      'running → failed',
      'running → timed_out',
      'running → cancelled',
      'running → lost',
      'finishing → queued',
      'finishing → completed',
      'finishing → failed',
      'finishing → timed_out',
      'finishing → cancelled',
      'finishing → lost',
    ])
  })

  test.for(terminal)('%s is final', (status) => {
    expect(isTerminal(status)).toBe(true)
    expect(LEGAL_MOVES[status]).toEqual([])
  })

  test.for(all.filter((status) => !terminal.includes(status)))('%s can end, also as lost', (status) => {
    expect(isTerminal(status)).toBe(false)
    expect(LEGAL_MOVES[status]).toContain('lost')
    expect(LEGAL_MOVES[status]).toContain('cancelled')
  })

  test('no status moves to itself', () => {
    expect(all.filter((status) => LEGAL_MOVES[status].includes(status))).toEqual([])
  })

  test.for(all)('what is %s belongs to a runner exactly when it can go back to the queue', (status) => {
    expect(isHeld(status)).toBe(movesTo('queued').includes(status))
  })

  test('movesTo is the table read backwards', () => {
    for (const from of all)
      for (const to of all) expect(movesTo(to).includes(from)).toBe(LEGAL_MOVES[from].includes(to))
  })
})

describe('the status a cause leads to', () => {
  test.for<[Cause, Status]>([
    ['signal', 'failed'],
    ['timeout', 'timed_out'],
    ['out_of_memory', 'failed'],
    ['output_limit', 'failed'],
    ['cancelled', 'cancelled'],
    ['image_pull', 'failed'],
    ['dependency_install', 'failed'],
    ['engine_restart', 'lost'],
    ['container_removed', 'lost'],
    ['runner_lost', 'lost'],
    ['blob_store', 'failed'],
    ['internal', 'failed'],
  ])('%s → %s, whatever the exit code', ([cause, status]) => {
    for (const exitCode of [null, 0, 1]) expect(toTerminalStatus(cause, exitCode)).toBe(status)
  })

  test.for<[number | null, Status]>([
    [0, 'completed'],
    [1, 'failed'],
    [255, 'failed'],
    [null, 'failed'],
  ])('exit with %s → %s', ([exitCode, status]) => {
    expect(toTerminalStatus('exit', exitCode)).toBe(status)
  })

  test('is terminal and reachable from running for every cause', () => {
    for (const cause of causeSchema.options) {
      const status = toTerminalStatus(cause, 0)

      expect(isTerminal(status)).toBe(true)
      expect(LEGAL_MOVES.running).toContain(status)
    }
  })
})
