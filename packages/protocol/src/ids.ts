import { v7 } from 'uuid'
import * as z from 'zod'

const EXECUTION_ID = /^exec_[0-9a-f]{12}7[0-9a-f]{3}[89ab][0-9a-f]{15}$/
const BATCH_ID = /^batch_[0-9a-f]{12}7[0-9a-f]{3}[89ab][0-9a-f]{15}$/
const RUNNER_ID = /^run_[0-9a-f]{32}$/

const mint = (prefix: string): string => `${prefix}_${v7().replaceAll('-', '')}`

/** Mints the id of a new execution: `exec_` and a UUIDv7 without dashes, so ids sort by the time they were made. */
export const createExecutionId = (): string => mint('exec')

/** Mints the id of a new batch. */
export const createBatchId = (): string => mint('batch')

/** Mints the id of a runner. */
export const createRunnerId = (): string => mint('run')

/** An execution's id, minted by the client that submits it. */
export const executionIdSchema = z
  .string()
  .regex(EXECUTION_ID, 'must be exec_ followed by a UUIDv7 in lowercase hex without dashes')

/** A batch's id, minted by the client that opens it. */
export const batchIdSchema = z
  .string()
  .regex(BATCH_ID, 'must be batch_ followed by a UUIDv7 in lowercase hex without dashes')

/** A runner's id, minted by the runner at its start. */
export const runnerIdSchema = z.string().regex(RUNNER_ID, 'must be run_ followed by 32 lowercase hex digits')
