/** What there is for a while when an image is prepared, marked so that it is found if the runner is killed meanwhile. */
export interface Traces {
  /** The runner that makes it. */
  readonly instance: string
  /** The names of containers and the paths of files that this runner works with now. */
  readonly inUse: Set<string>
}

/** Makes the traces of a runner that does nothing yet. */
export const createTraces = (instance: string): Traces => ({ instance, inUse: new Set() })
