import * as z from 'zod'
import { executionIdSchema } from './ids.js'

/** Every error code of the protocol with the HTTP status that carries it. */
export const ERROR_STATUS = {
  invalid_request: 400,
  unknown_runtime: 400,
  digest_mismatch: 400,
  unauthenticated: 401,
  forbidden: 403,
  not_found: 404,
  method_not_allowed: 405,
  id_conflict: 409,
  key_taken: 409,
  key_conflict: 409,
  missing_blobs: 409,
  already_finished: 409,
  not_finished: 409,
  lease_lost: 409,
  log_gap: 409,
  runner_unknown: 409,
  expired: 410,
  too_large: 413,
  unsupported_media_type: 415,
  queue_full: 429,
  internal: 500,
  unavailable: 503,
  storage_full: 507,
} as const

/** A code the server answers with. */
export type ServerErrorCode = keyof typeof ERROR_STATUS

/** A code that arises on the client's side, without or despite an answer of the server. */
export const CLIENT_ERROR_CODES = [
  'unreachable',
  'not_rgrid',
  'protocol',
  'embedded_missing',
  'invalid_config',
  'not_saved',
  'cancelled',
] as const

/** A stable, machine-readable name of what went wrong. */
export type ErrorCode = ServerErrorCode | (typeof CLIENT_ERROR_CODES)[number]

/** The codes a server answers with. */
export const serverErrorCodeSchema = z.enum(
  Object.keys(ERROR_STATUS) as [ServerErrorCode, ...ServerErrorCode[]],
)

/** One field of a request that is wrong. */
export const issueSchema = z
  .object({ path: z.string(), message: z.string() })
  .meta({ id: 'Issue', description: 'One field of a request that is wrong.' })

/** One field of a request that is wrong. */
export type Issue = z.infer<typeof issueSchema>

/** The body of every JSON error, RFC 9457 `application/problem+json`. */
export const problemSchema = z
  .object({
    type: z.string(),
    title: z.string(),
    status: z.int(),
    detail: z.string(),
    code: serverErrorCodeSchema,
    requestId: z.string(),
    issues: z.array(issueSchema).optional(),
    /** The digests that are missing, with code `missing_blobs`. */
    missing: z.array(z.string()).optional(),
    /** The execution that has the key, with code `key_taken` or `key_conflict`. */
    executionId: executionIdSchema.optional(),
  })
  .meta({ id: 'Problem', description: 'What went wrong, as RFC 9457 has it.' })

/** The body of every JSON error. */
export type Problem = z.infer<typeof problemSchema>

/** What an {@link RGridError} knows beside its message. */
export interface RGridErrorOptions {
  readonly cause?: unknown
  readonly requestId?: string | undefined
  readonly issues?: readonly Issue[] | undefined
  readonly missing?: readonly string[] | undefined
  readonly executionId?: string | undefined
}

const MARK = Symbol.for('rgrid.error')

/**
 * The one error class of RGrid. Branch on {@link RGridError.code}; `instanceof` also holds across two copies of
 * the package.
 */
export class RGridError extends Error {
  static {
    // Bundlers rename classes, and stacks print that name.
    Object.defineProperty(this, 'name', { value: 'RGridError' })
  }

  /** What went wrong, stable across versions. */
  readonly code: ErrorCode
  /** The server's id of the request, for its logs. */
  readonly requestId: string | undefined
  /** The fields that are wrong. */
  readonly issues: readonly Issue[]
  /** The digests the server wants first, with code `missing_blobs`. */
  readonly missing: readonly string[]
  /** The execution that has the key already, with code `key_taken` or `key_conflict`. */
  readonly executionId: string | undefined
  /** Recognises errors of every copy of this package. */
  readonly [MARK] = true

  constructor(code: ErrorCode, message: string, options: RGridErrorOptions = {}) {
    super(message, options.cause === undefined ? {} : { cause: options.cause })
    this.name = 'RGridError'
    this.code = code
    this.requestId = options.requestId
    this.issues = options.issues ?? []
    this.missing = options.missing ?? []
    this.executionId = options.executionId
  }

  static override [Symbol.hasInstance](value: unknown): boolean {
    // A subclass inherits this method, but means its own instances.
    if (this !== RGridError) return Function.prototype[Symbol.hasInstance].call(this, value)
    return typeof value === 'object' && value !== null && MARK in value
  }
}

/** Turns what zod found into the issues of a problem. */
export function toIssues(error: z.ZodError): Issue[] {
  return error.issues.flatMap((issue) => {
    const path = issue.path.map(String).join('.') || '(body)'
    // zod tells of a bad key only that it is one, and keeps the reason inside.
    const reasons = issue.code === 'invalid_key' ? issue.issues : [issue]
    return reasons.map(({ message }) => ({ path, message }))
  })
}
