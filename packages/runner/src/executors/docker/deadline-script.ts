/**
 * Writes what comes before a launch script so that everything in its container is killed when its time is over, also
 * when the runner has stopped to exist. The timer is the child of a shell that is gone at once: the container's init
 * takes it over, and the script has no child that it did not start. It therefore takes an init, and `sleep`.
 */
export function formatDeadline(deadlineMs: number): string {
  const timer = `sleep ${Math.ceil(deadlineMs / 1_000)} && kill -KILL -1`
  return `( (${timer}) & ) </dev/null >/dev/null 2>&1\n`
}
