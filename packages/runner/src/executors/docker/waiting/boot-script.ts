/**
 * What a waiting container runs: a shell that tells that it is there, waits for a script, runs it, and tells how it
 * ended. All of it goes through FIFOs in `/rgrid`, which are named after what they carry:
 *
 * - `events`: from the container: `ready`, `exit <code>`. Its end means that this shell is gone.
 * - `go`: to the container: a line starts `/rgrid/launch`.
 * - `control`: to the container: `signal <name>` to the script, `deadline <seconds>` after which everything is killed,
 *   also when the runner has stopped to exist.
 * - `stdout`, `stderr`: the script's own.
 *
 * It holds `go` and `control` open itself, so that what is written there waits for it; anew for each script, so that no
 * order outlives the script that it was for.
 *
 * The script runs in the foreground, as shells make programs in the background deaf to SIGINT. Signals are therefore
 * passed on by a second shell that looks for the children of the first.
 *
 * With the argument `shared` it does not end after a script: it kills what is left of it and waits for the next.
 */
export const BOOT_SCRIPT = `
exec 3>/rgrid/events

pass_signal() {
  for status in /proc/[0-9]*/status; do
    pid=\${status#/proc/}
    pid=\${pid%/status}
    [ "$pid" = "$own" ] && continue
    while read -r key value rest; do
      [ "$key" = PPid: ] || continue
      [ "$value" = $$ ] && kill -s "$1" "$pid"
      break
    done <"$status"
  done
}

obey() {
  read -r own rest </proc/self/stat
  while read -r order argument; do
    case $order in
      signal) pass_signal "$argument" ;;
      deadline) (sleep "$argument" && kill -KILL -1) & ;;
    esac
  done <&5
}

empty() {
  rm -rf "$1"/* "$1"/.[!.]* "$1"/..?*
}

while :; do
  exec 4<>/rgrid/go 5<>/rgrid/control
  obey 3>&- 4<&- >/dev/null &
  echo ready >&3
  read -r rgrid_order <&4 || exit 125
  (unset rgrid_order; . /rgrid/launch) </dev/null >/rgrid/stdout 2>/rgrid/stderr 3>&- 4<&- 5<&-
  rgrid_code=$?
  [ "$1" = shared ] || { echo "exit $rgrid_code" >&3; exit $rgrid_code; }
  kill -KILL -1
  empty /tmp
  empty /dev/shm
  echo "exit $rgrid_code" >&3
done 2>/dev/null
`
