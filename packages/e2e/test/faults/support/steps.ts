/** What can be seen from outside of the way of an execution, in this order. */
export const STEPS = [
  'submitted',
  'claimed',
  'probe-created',
  'probe-started',
  'probe-removed',
  'container-created',
  'container-started',
  'download',
  'start-asked',
  'start-answered',
  'begin',
  'adopted',
  'logs',
  'end',
  'finishing',
  'upload',
  'complete-asked',
  'complete-answered',
  'container-removed',
] as const

/** What can be seen from outside of the way of an execution. */
export type Step = (typeof STEPS)[number]

/** What happens to the request in which a step was seen: `drop` means that it never arrives. */
export type Verdict = 'go' | 'drop'

/** All that has been seen, and what is to be done once something is seen. */
export interface Steps {
  /** Tells of a step. Resolves when it may go on. */
  note(step: Step, executionId?: string): Promise<Verdict>
  /** Does something at the next such step, before it goes on, and only once. */
  arm(step: Step, action: () => Promise<Verdict>): void
  disarm(): void
  hasSeen(executionId: string, step: Step): boolean
  /** How often a step of an execution was seen. */
  count(executionId: string, step: Step): number
  /** The last step of an execution so far. */
  getLast(executionId: string): Step
}

/** Makes {@link Steps} that have seen nothing. */
export function createSteps(): Steps {
  const seen = new Map<string, Step[]>()
  let armed: { step: Step; action: () => Promise<Verdict> } | undefined
  return {
    async note(step, executionId) {
      if (executionId !== undefined) seen.set(executionId, [...(seen.get(executionId) ?? []), step])
      if (armed?.step !== step) return 'go'
      const { action } = armed
      armed = undefined
      return action()
    },
    arm(step, action) {
      armed = { step, action }
    },
    disarm() {
      armed = undefined
    },
    hasSeen: (executionId, step) => seen.get(executionId)?.includes(step) === true,
    count: (executionId, step) => (seen.get(executionId) ?? []).filter((one) => one === step).length,
    getLast: (executionId) => seen.get(executionId)?.at(-1) ?? 'submitted',
  }
}
