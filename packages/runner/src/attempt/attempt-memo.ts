import { executionIdSchema, patternsSchema, type Claim } from '@rgrid/protocol'
import * as z from 'zod'
import type { AttemptRight } from './attempt-reporter.js'
import type { Workspace } from './workspace.js'

const whole = z.string().regex(/^-?\d+$/)

const attemptMemoSchema = z.strictObject({
  executionId: executionIdSchema,
  attempt: z.int(),
  /** The tokens that the lease may have, the latest first: it is not known whether a change was heard. */
  leaseTokens: z.array(z.string()).min(1),
  timeoutMs: z.number(),
  /** The input files: path, digest, and what says whether one was touched. */
  inputs: z.array(z.tuple([z.string(), z.string(), whole, whole, whole])),
  /** Which files are to come home. */
  outputs: patternsSchema.optional(),
  /** The symbolic links: path and target. */
  links: z.array(z.tuple([z.string(), z.string()])).default([]),
})

/** What a runner remembers of an attempt for the case that it is killed. No argument and no secret is in it. */
export type AttemptMemo = z.infer<typeof attemptMemoSchema>

/** Makes the memo of a claim whose files are in their places. */
export const createMemo = (
  { executionId, attempt, leaseToken, spec }: AttemptRight & Pick<Claim, 'spec'>,
  { inputs, outputs, links }: Workspace,
): AttemptMemo => ({
  executionId,
  attempt,
  leaseTokens: [leaseToken],
  timeoutMs: spec.timeoutMs,
  inputs: [...inputs].map(([path, { sha256, mark }]) => [
    path,
    sha256,
    String(mark.mtimeNs),
    String(mark.size),
    String(mark.ino),
  ]),
  ...(outputs === undefined ? {} : { outputs: [...outputs] }),
  links: [...links],
})

/** Reads a memo; `undefined` when it is none, such as that of another version. */
export function parseMemo(text: string): AttemptMemo | undefined {
  try {
    return attemptMemoSchema.safeParse(JSON.parse(text)).data
  } catch (error) {
    if (error instanceof SyntaxError) return undefined
    throw error
  }
}

/** The workspace that a memo tells of. */
export const toWorkspace = ({ inputs, outputs, links }: AttemptMemo, workDir: string): Workspace => ({
  workDir,
  outputs,
  links: new Map(links),
  inputs: new Map(
    inputs.map(([path, sha256, mtimeNs, size, ino]) => [
      path,
      { sha256, mark: { mtimeNs: BigInt(mtimeNs), size: BigInt(size), ino: BigInt(ino) } },
    ]),
  ),
})
