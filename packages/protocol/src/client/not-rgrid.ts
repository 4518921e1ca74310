import { RGridError } from '../errors.js'
import type { FetchResponse } from './fetch.js'

const GATEWAY_STATUSES = [502, 503, 504]

/** Says that an answer is not one that an RGrid server gives. */
export function notRGrid(base: string, response: FetchResponse): RGridError {
  const type = describeType(response.headers.get('content-type') ?? '')
  if (GATEWAY_STATUSES.includes(response.status))
    return new RGridError(
      'unavailable',
      `${base} answers with status ${response.status}: the server behind it may be restarting`,
    )
  const what =
    response.status >= 300 && response.status < 400
      ? `redirects to ${response.headers.get('location') ?? 'nowhere'}`
      : `answers with ${type} and status ${response.status}`
  return new RGridError('not_rgrid', `${base} is not an RGrid server (it ${what}): check the URL`)
}

function describeType(type: string): string {
  if (type === '') return 'an untyped body'
  return /\bjson\b/.test(type) ? 'JSON of another kind' : type
}
