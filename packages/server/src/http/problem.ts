import { ERROR_STATUS, RGridError, type Problem, type ServerErrorCode } from '@rgrid/protocol'
import type { Logger } from '../logger.js'

/** An error with a status or headers that its code alone does not carry. */
export class HttpFault extends RGridError {
  readonly status: number | undefined
  readonly headers: Readonly<Record<string, string>>

  constructor(
    code: ServerErrorCode,
    message: string,
    { status, headers = {} }: { status?: number; headers?: Readonly<Record<string, string>> },
  ) {
    super(code, message)
    this.status = status
    this.headers = headers
  }
}

const isServerCode = (code: string): code is ServerErrorCode => code in ERROR_STATUS

/** Turns whatever a request ended with into an answer. What the server did not expect is logged, never shown. */
export function toProblemResponse(error: unknown, requestId: string, logger: Logger): Response {
  const fault = toFault(error)
  if (fault === undefined) logger.error('a request failed', { requestId, error })
  const { code, message, issues, missing, executionId } = fault ?? {
    code: 'internal' as const,
    message: `the server failed on this request; its log says why, under ${requestId}`,
    issues: [],
    missing: [],
    executionId: undefined,
  }
  const special = error instanceof HttpFault ? error : undefined
  const problem: Problem = {
    type: `urn:rgrid:error:${code}`,
    title: code.replaceAll('_', ' '),
    status: special?.status ?? ERROR_STATUS[code],
    detail: message,
    code,
    requestId,
    ...(issues.length > 0 ? { issues: [...issues] } : {}),
    ...(missing.length > 0 ? { missing: [...missing] } : {}),
    ...(executionId === undefined ? {} : { executionId }),
  }
  return new Response(JSON.stringify(problem), {
    status: problem.status,
    headers: { 'content-type': 'application/problem+json', ...special?.headers },
  })
}

type Fault = Pick<RGridError, 'message' | 'issues' | 'missing' | 'executionId'> & {
  readonly code: ServerErrorCode
}

function toFault(error: unknown): Fault | undefined {
  const known = error instanceof RGridError ? error : toStoreFault(error)
  if (known === undefined || !isServerCode(known.code)) return undefined
  const { message, issues, missing, executionId } = known
  return { code: known.code, message, issues, missing, executionId }
}

function toStoreFault(error: unknown): RGridError | undefined {
  const code = error instanceof Error && 'code' in error ? String(error.code) : ''
  if (code.startsWith('SQLITE_BUSY'))
    return new RGridError('unavailable', 'the store is busy: repeat the request in a moment')
  if (code === 'SQLITE_FULL' || code === 'ENOSPC')
    return new RGridError('storage_full', 'the server has no room left: free some space on its disk')
  return undefined
}
