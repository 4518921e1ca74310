import type { ExecutorName, Network, Runtime, Spec } from '@rgrid/protocol'

/** What an execution asks of a runner: all that decides who can take it. */
export interface Needs {
  readonly runtime: Runtime
  /** `null`: any. */
  readonly executor: ExecutorName | null
  /** `null`: the one that the runner has for the runtime. */
  readonly image: string | null
  /** `null`: the runner's default. */
  readonly network: Network | null
  /** What is left out is the runner's default. */
  readonly resources: Spec['resources']
}

/** What a spec asks of a runner. */
export function toNeeds({
  runtime,
  executor,
  image,
  network,
  resources,
}: Pick<Spec, 'runtime' | 'executor' | 'image' | 'network' | 'resources'>): Needs {
  return { runtime, executor: executor ?? null, image: image ?? null, network: network ?? null, resources }
}
