/**
 * What a waiting container runs: a shell that tells that it is there, waits for a script, runs it, and tells how it
 * ended. All of it goes through FIFOs in `/rgrid`, which are named after what they carry:
 *
 * - `events`: from the container: `ready`, `exit <code> <token>`. Its end means that this shell is gone.
 * - `go`: to the container: `run <token>` starts `/rgrid/launch`, `wake <token>` says that the waiting interpreter goes on.
 *   Only what knows the token can tell of its end. After it any line lets the shell go, also the same order again, from a
 *   runner that goes on after another was killed: the engine then knows the exit code.
 * - `wake`: to the interpreter, where `/rgrid/interpreter` starts one that waits beside this shell: a line lets it go on.
 * - `control`: to the container: `signal <name> <token>` to the script.
 * - `deadline`: to the container: `<seconds> <token>`, after which everything is killed, also when the runner has stopped
 *   to exist. Who waits for it is there before the script, which may leave no room for another process.
 * - `stdout`, `stderr`: the script's own.
 *
 * It holds all of them open itself but `events`: what is written there waits to be read, also what the script prints while
 * its runner is dead. That there is nobody to hear of the end is no reason to go either.
 *
 * The script runs in the foreground, as shells make programs in the background deaf to SIGINT. Signals are therefore
 * passed on by a second shell that looks for the children of the first. A waiting interpreter is in the background, and
 * mends its ears itself.
 *
 * A stream ends when the last writer has closed it, so that this shell opens both before an interpreter that was of no
 * use, and that has them open too, is ended.
 *
 * After a script it kills what is left of it, and waits to be removed: an engine has much to do when a container ends, and
 * would do it while the result is on its way. With the argument `shared` it waits for the
 * next script. When nothing else is there any more, nobody but itself has `go`, `control` and `deadline` open: closed and opened again they are empty,
 * so that no order outlives the script that it was for, or that has forged it.
 */
export const BOOT_SCRIPT = `
trap '' PIPE
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
  while read -r order argument token; do
    is_mine "$token" && [ "$order" = signal ] && pass_signal "$argument"
  done <&5
}

watch() {
  (while read -r seconds token; do is_mine "$token" && exec sleep "$seconds"; done <&9) && kill -KILL -1
}

# In a container that nothing has run in before, the token is not known yet, and no order can be an old one.
is_mine() {
  [ -z "$rgrid_token" ] || [ "$1" = "$rgrid_token" ]
}

alone() {
  for status in /proc/[0-9]*/status; do
    case $status in /proc/1/status | /proc/$$/status) continue ;; esac
    while read -r key value rest; do
      [ "$key" = State: ] || continue
      case $value in [ZX]) ;; *) return 1 ;; esac
      break
    done <"$status"
  done
  return 0
}

empty() {
  rm -rf "$1"/* "$1"/.[!.]* "$1"/..?*
  is_empty "$1" && return
  # Also of what a script has locked.
  chmod -R u+rwx "$1"/* "$1"/.[!.]* "$1"/..?*
  rm -rf "$1"/* "$1"/.[!.]* "$1"/..?*
  is_empty "$1"
}

is_empty() {
  for left in "$1"/* "$1"/.[!.]* "$1"/..?*; do
    [ -e "$left" ] || [ -L "$left" ] || continue
    return 1
  done
  return 0
}

{
  exec 4<>/rgrid/go 5<>/rgrid/control 6<>/rgrid/wake 7<>/rgrid/stdout 8<>/rgrid/stderr 9<>/rgrid/deadline
  obey 3>&- 4<&- 6<&- 7>&- 8>&- 9<&- >/dev/null &
  watch 3>&- 4<&- 5<&- 6<&- 7>&- 8>&- >/dev/null &
  rgrid_interpreter=
  if [ -e /rgrid/interpreter ]; then
    (trap - PIPE; unset rgrid_interpreter; . /rgrid/interpreter) \
      </dev/null >&7 2>&8 3>&- 4<&- 5<&- 6<&- 7>&- 8>&- 9<&- &
    rgrid_interpreter=$!
  fi
  echo ready >&3
  read -r rgrid_order rgrid_token <&4 || exit 125
  while :; do
    if [ "$rgrid_order" = wake ]; then
      wait "$rgrid_interpreter"
      rgrid_code=$?
    else
      [ -z "$rgrid_interpreter" ] || { kill -KILL "$rgrid_interpreter"; wait "$rgrid_interpreter"; }
      (trap - PIPE; unset rgrid_order rgrid_token rgrid_interpreter; . /rgrid/launch) \
        </dev/null >/rgrid/stdout 2>/rgrid/stderr 3>&- 4<&- 5<&- 6<&- 7>&- 8>&- 9<&-
      rgrid_code=$?
    fi
    kill -KILL -1
    if [ "$1" != shared ]; then
      echo "exit $rgrid_code $rgrid_token" >&3
      read -r rgrid_order <&4
      exit $rgrid_code
    fi
    wait
    until alone; do :; done
    empty /tmp && empty /dev/shm || exit $rgrid_code
    exec 4<&- 5<&- 9<&-
    exec 4<>/rgrid/go 5<>/rgrid/control 9<>/rgrid/deadline
    echo "exit $rgrid_code $rgrid_token" >&3
    # Until the next order it is alone, so that the runner can tell it from anything that is left.
    read -r rgrid_order rgrid_token <&4 || exit 125
    obey 3>&- 4<&- 6<&- 7>&- 8>&- 9<&- >/dev/null &
    watch 3>&- 4<&- 5<&- 6<&- 7>&- 8>&- >/dev/null &
  done
} 2>/dev/null
`
