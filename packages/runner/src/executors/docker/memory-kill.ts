import type { Sight } from './cgroup-reader.js'
import type { ContainerEnd } from './wait-for-end.js'

/** Whether the kernel has killed something of a container for want of memory since it was looked at first. */
export function hasKilledForMemory(before: Sight | undefined, now: Sight | undefined): boolean {
  const [first, last] = [before?.oomKills ?? null, now?.oomKills ?? null]
  return first !== null && last !== null && last > first
}

/** An engine that is busy may tell of an end before it has heard that it was for want of memory. */
export const withMemoryKill = (end: ContainerEnd, wasSeen: boolean): ContainerEnd =>
  end.state === undefined || !wasSeen ? end : { ...end, state: { ...end.state, OOMKilled: true } }
