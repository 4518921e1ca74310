/** Whether an error is the engine's answer with one of these HTTP status codes; without a code it did not answer. */
export function isEngineStatus(error: unknown, ...codes: number[]): boolean {
  const code = getEngineStatus(error)
  return code !== undefined && codes.includes(code)
}

/** The HTTP status of the engine's answer; `undefined` when there was none. */
export function getEngineStatus(error: unknown): number | undefined {
  if (!(error instanceof Error && 'statusCode' in error)) return undefined
  return typeof error.statusCode === 'number' ? error.statusCode : undefined
}

/** What the engine said, in one line. */
export function describeEngineError(error: unknown): string {
  if (!(error instanceof Error)) return String(error)
  const json = 'json' in error ? error.json : undefined
  const message =
    typeof json === 'object' && json !== null && 'message' in json ? json.message : error.message
  return String(message).trim().replaceAll(/\s+/g, ' ')
}
