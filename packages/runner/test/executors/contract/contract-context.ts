import type { Executor } from '../../../src/executors/executor.js'

/** What the contract needs to know of one executor. */
export interface ContractContext {
  /** Makes one, with a directory of its own that goes with the test. */
  create(instance: string, directory: string): Executor
  /** Registers what undoes something; the test's own, as tests may run side by side. */
  onTestFinished(undo: () => Promise<void> | void): void
  /** How many processes or containers of an instance there are. */
  countLeft(instance: string): Promise<number>
}

/** One promise that every executor keeps. Rejects when it does not. */
export interface ContractCase {
  readonly title: string
  readonly check: (context: ContractContext) => Promise<void>
  /** Whether it holds only where scripts are isolated and limited. */
  readonly needsIsolation?: true
}
