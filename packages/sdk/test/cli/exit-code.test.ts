import { RGridError, type ErrorCode } from '@rgrid/protocol'
import { describe, expect, it } from 'vitest'
import { OutputError, UsageError } from '../../src/cli/errors.js'
import { errorToExitCode, resultToExitCode } from '../../src/cli/exit-code.js'
import { createResult } from './support/fake-execution.js'

describe('the exit code of an execution', () => {
  it.for([
    ['a success', {}, 0],
    ["the script's own code", { status: 'failed', exitCode: 42 }, 42],
    ['a code that looks like RGrid’s', { status: 'failed', exitCode: 125 }, 125],
    ['a signal', { status: 'failed', cause: 'signal', exitCode: null, signal: 'SIGSEGV' }, 139],
    ['an unknown signal', { status: 'failed', cause: 'signal', exitCode: null, signal: 'SIGODD' }, 125],
    ['a timeout', { status: 'timed_out', cause: 'timeout', exitCode: null }, 124],
    ['a cancel', { status: 'cancelled', cause: 'cancelled', exitCode: null }, 130],
    ['a lost runner', { status: 'lost', cause: 'runner_lost', exitCode: null }, 125],
    ['a missing image', { status: 'failed', cause: 'image_pull', exitCode: null }, 125],
    ['no memory', { status: 'failed', cause: 'out_of_memory', exitCode: null, signal: 'SIGKILL' }, 137],
    ['no memory in a child', { status: 'failed', cause: 'out_of_memory', exitCode: 0 }, 137],
    ['a failure that claims 0', { status: 'failed', cause: 'output_limit', exitCode: 0 }, 125],
  ] as const)('of %s', ([, changes, code]) => {
    expect(resultToExitCode(createResult(changes))).toBe(code)
  })
})

describe('the exit code of an error', () => {
  it.for<readonly [ErrorCode, number]>([
    ['invalid_request', 2],
    ['unknown_runtime', 2],
    ['too_large', 2],
    ['invalid_config', 2],
    ['unauthenticated', 4],
    ['forbidden', 4],
    ['not_found', 1],
    ['already_finished', 1],
    ['cancelled', 130],
    ['unreachable', 125],
    ['not_rgrid', 125],
    ['embedded_missing', 125],
    ['internal', 125],
  ])('%s', ([code, exit]) => {
    expect(errorToExitCode(new RGridError(code, 'x'))).toBe(exit)
  })

  it('of wrong usage is 2', () => {
    expect(errorToExitCode(new UsageError('x'))).toBe(2)
  })

  it('of a closed pipe is 141, of a full disk 1', () => {
    const failWith = (code: string) => errorToExitCode(new OutputError(Object.assign(new Error(), { code })))

    expect([failWith('EPIPE'), failWith('ENOSPC')]).toEqual([141, 1])
  })

  it('of a bug is 125', () => {
    expect(errorToExitCode(new TypeError('x is not a function'))).toBe(125)
  })
})
