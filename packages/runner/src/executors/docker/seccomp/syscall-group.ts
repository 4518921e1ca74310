/** System calls that are allowed or refused together, for the same reason. */
export interface SyscallGroup {
  readonly reason: string
  readonly calls: readonly string[]
}

/** Makes a group from the names in a text. */
export const createGroup = (reason: string, names: string): SyscallGroup => ({
  reason,
  calls: names.trim().split(/\s+/),
})
