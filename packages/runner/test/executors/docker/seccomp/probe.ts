/** What a call has to come to: an error, or `allowed` for whatever else the kernel says. `refused` is EPERM or ENOSYS. */
export type Expected = 'EPERM' | 'ENOSYS' | 'EAFNOSUPPORT' | 'refused' | 'allowed'

/** A system call with harmless arguments. */
export interface Probe {
  readonly call: string
  /** Its number on x86-64, then on aarch64, where it exists. */
  readonly numbers: readonly [x64: number | undefined, arm64: number | undefined]
  readonly args: readonly number[]
  readonly expected: Expected
}

// Arguments that are nothing: no pointer, no descriptor, no command.
const NOTHING = [-1, -1, -1, -1, -1, -1]

/** Makes probes that expect this. */
export const probe =
  (expected: Expected) =>
  (call: string, x64: number | undefined, arm64: number | undefined, ...args: number[]): Probe => ({
    call,
    numbers: [x64, arm64],
    args: args.length > 0 ? args : NOTHING,
    expected,
  })
