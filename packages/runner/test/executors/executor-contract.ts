import { describe, it } from 'vitest'
import type { ContractCase, ContractContext } from './contract/contract-context.js'
import { END_CASES } from './contract/end-cases.js'
import { LAUNCH_CASES } from './contract/launch-cases.js'
import { OUTPUT_CASES } from './contract/output-cases.js'

/** Everything that an executor promises. */
export const CONTRACT: readonly ContractCase[] = [...LAUNCH_CASES, ...OUTPUT_CASES, ...END_CASES]

/** How an executor takes part in the contract. */
export interface ContractOptions extends Omit<ContractContext, 'onTestFinished'> {
  /** Whether it can run here and now; where not, its cases are shown as skipped. */
  readonly available: boolean
  /** Whether it isolates and limits scripts. */
  readonly isolates: boolean
}

/** Holds an executor to the contract. */
export function describeExecutor(name: string, { available, isolates, ...context }: ContractOptions): void {
  describe.skipIf(!available)(`${name} executor`, () => {
    const cases = CONTRACT.filter(({ needsIsolation }) => isolates || needsIsolation !== true)
    for (const { title, check } of cases)
      it(title, ({ onTestFinished }) => check({ ...context, onTestFinished }))
  })
}
