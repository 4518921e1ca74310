/** The flag of commands that print one thing. */
export interface JsonFlag {
  readonly json?: boolean
}
