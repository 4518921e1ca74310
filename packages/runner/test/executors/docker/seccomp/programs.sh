# Does with everyday tools what scripts do; each line printed is compared with the engine's default profile.
set -o pipefail
cd "$(mktemp -d)" || exit 1
try() {
  if output=$("$@" 2>&1); then echo "$1 ok: $output"; else echo "FAILED: $* ($?): $output"; fi
}
seq 100000 >numbers
mkdir tree && cp numbers tree/a && ln -s a tree/link && ln tree/a tree/hard && mkfifo tree/fifo

try cp --reflink=auto numbers copy
try cp -a tree tree2
try cp --sparse=always numbers sparse
try mv copy moved
try tar -czf tree.tgz tree/a tree/link tree/hard
try tar -xzf tree.tgz -C tree2
try find tree2 -type f -newer /etc/passwd -name a
try sort --parallel=4 -S 1M -r numbers -o sorted
try head -n 1 sorted
try install -m 600 numbers installed
try stat -c '%a %s' installed
try touch -d '2001-01-01' installed
try truncate -s 1M installed
try fallocate -l 1M allocated
try dd if=/dev/zero of=zeros bs=64k count=4 conv=fsync status=none
try sync
try chmod -R u+w tree2
try rm -rf tree2
try ls -la --time-style=+ tree
try du -a tree
try nproc
try timeout 5 true
try nice -n 5 true
try ionice -c 3 true
try taskset -c 0 true
try setsid -w true
try stdbuf -oL echo line
try env -i /bin/true
try flock numbers true
try script -qec 'stty size' /dev/null
try sh -c 'seq 20 | xargs -P 4 -n 1 true'
try bash -c 'exec 3<>/dev/null; cat <(echo substituted) <<<here; echo {1..3} | { read -r a b; echo "$b"; }; sleep 0 & wait'
try bash -c 'coproc cat; echo hi >&"${COPROC[1]}"; read -r line <&"${COPROC[0]}"; echo "$line"'
try bash -c 'trap "echo caught" USR1; kill -USR1 $$; ulimit -n 256; ulimit -n'
try perl -e 'use Socket; socketpair(A, B, AF_UNIX, SOCK_STREAM, 0) or die $!; print "perl"'
try perl -e 'defined shmget(0, 64, 0600) && defined semget(0, 1, 0600) && defined msgget(0, 0600) or die $!'
