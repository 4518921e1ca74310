/** What one check found. */
export interface Check {
  readonly name: string
  /** `fail` stops RGrid from working here; `warn` takes something away. */
  readonly outcome: 'ok' | 'warn' | 'fail'
  /** What was found, and the next step where it is not well. */
  readonly detail: string
}

/** Makes a {@link Check}. */
export const check = (name: string, outcome: Check['outcome'], detail: string): Check => ({
  name,
  outcome,
  detail,
})
