import type { ExecutorName, Offer, Runtime } from '@rgrid/protocol'

/** Whether one of a runner's offers can take an execution. */
export function fitsOffer(
  { executor, runtimes }: Offer,
  wanted: ExecutorName | null,
  runtime: Runtime,
): boolean {
  return (wanted === null || wanted === executor) && runtimes.includes(runtime)
}
