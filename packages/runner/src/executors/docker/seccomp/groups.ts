import { createGroup, type SyscallGroup } from './syscall-group.js'

/**
 * The system calls that a script may make with any arguments, by what programs need them for. Names of the two 64-bit
 * ABIs only; one that an architecture or an engine's libseccomp does not know is skipped there.
 */
export const ALLOWED_GROUPS: Readonly<Record<string, SyscallGroup>> = {
  openFiles: createGroup(
    'Opening, reading and writing files; what may be opened is up to the file system.',
    `open openat openat2 creat close close_range read readv pread64 preadv preadv2 write writev pwrite64 pwritev
     pwritev2 lseek dup dup2 dup3 fcntl flock pipe pipe2`,
  ),
  moveData: createGroup(
    'Copying between files, pipes and sockets without a buffer: cp, tar, web servers.',
    'sendfile copy_file_range splice tee vmsplice',
  ),
  durability: createGroup(
    'Getting data to the disk and space for it: databases, editors.',
    `fsync fdatasync sync syncfs sync_file_range truncate ftruncate fallocate fadvise64 readahead cachestat`,
  ),
  directories: createGroup(
    'Names and directories. Device nodes need a capability, named pipes do not.',
    `getcwd chdir fchdir getdents getdents64 mkdir mkdirat rmdir link linkat symlink symlinkat readlink readlinkat
     rename renameat renameat2 unlink unlinkat mknod mknodat umask`,
  ),
  metadata: createGroup(
    'What is known of a file: ls, find, tar, language runtimes at their start.',
    `stat lstat fstat newfstatat statx statfs fstatfs access faccessat faccessat2 chmod fchmod fchmodat fchmodat2
     chown lchown fchown fchownat utime utimes utimensat futimesat`,
  ),
  attributes: createGroup(
    'Extended attributes: cp --preserve, tar, ls ask for them.',
    `getxattr lgetxattr fgetxattr getxattrat setxattr lsetxattr fsetxattr setxattrat listxattr llistxattr
     flistxattr listxattrat removexattr lremovexattr fremovexattr removexattrat`,
  ),
  watching: createGroup(
    'Watching files: fs.watch, tail -f, development servers.',
    'inotify_init inotify_init1 inotify_add_watch inotify_rm_watch',
  ),
  asyncFiles: createGroup(
    'The old asynchronous file access of databases, a small part of what io_uring is.',
    'io_setup io_destroy io_submit io_cancel io_getevents io_pgetevents',
  ),
  memory: createGroup(
    'Memory of its own: allocators, garbage collectors, just-in-time compilers.',
    `brk mmap munmap mremap mprotect madvise mincore msync mlock mlock2 mlockall munlock munlockall mseal
     remap_file_pages memfd_create memfd_secret pkey_alloc pkey_free pkey_mprotect map_shadow_stack`,
  ),
  programs: createGroup(
    'Starting, ending and awaiting programs; clone is limited by its flags.',
    `fork vfork execve execveat exit exit_group wait4 waitid getpid getppid getpgid getpgrp setpgid getsid setsid
     pidfd_open`,
  ),
  threads: createGroup(
    'Threads and what they wait on.',
    `gettid set_tid_address futex futex_waitv futex_wait futex_wake futex_requeue get_robust_list set_robust_list
     rseq membarrier arch_prctl uretprobe`,
  ),
  scheduling: createGroup(
    'Processors, priorities and limits; the kernel lets nobody without a capability raise them.',
    `sched_yield sched_getaffinity sched_setaffinity sched_getattr sched_setattr sched_getparam sched_setparam
     sched_getscheduler sched_setscheduler sched_get_priority_max sched_get_priority_min sched_rr_get_interval
     getpriority setpriority ioprio_get ioprio_set getcpu getrlimit setrlimit prlimit64 getrusage times`,
  ),
  signals: createGroup(
    'Signals, to processes of the same container.',
    `kill tkill tgkill pidfd_send_signal rt_sigaction rt_sigprocmask rt_sigpending rt_sigsuspend rt_sigtimedwait
     rt_sigqueueinfo rt_tgsigqueueinfo rt_sigreturn sigaltstack signalfd signalfd4 pause restart_syscall`,
  ),
  identity: createGroup(
    'Users and groups: programs that drop rights which they do not have. No capability, so nothing is gained.',
    `getuid geteuid getgid getegid getresuid getresgid getgroups setuid setgid setreuid setregid setresuid setresgid
     setfsuid setfsgid setgroups capget capset`,
  ),
  confinement: createGroup(
    'Limiting itself further: browsers and sandboxes inside of a script. prctl also names threads.',
    'prctl seccomp landlock_create_ruleset landlock_add_rule landlock_restrict_self',
  ),
  time: createGroup(
    'Reading clocks, sleeping, timers.',
    `time gettimeofday clock_gettime clock_getres clock_nanosleep nanosleep alarm getitimer setitimer timer_create
     timer_delete timer_gettime timer_settime timer_getoverrun timerfd_create timerfd_gettime timerfd_settime`,
  ),
  polling: createGroup(
    'Waiting for files and sockets: every event loop.',
    `poll ppoll select pselect6 epoll_create epoll_create1 epoll_ctl epoll_wait epoll_pwait epoll_pwait2 eventfd
     eventfd2`,
  ),
  sockets: createGroup(
    'Using sockets; which ones there can be is limited where they are made.',
    `bind listen accept accept4 connect shutdown getsockname getpeername getsockopt setsockopt sendto sendmsg
     sendmmsg recvfrom recvmsg recvmmsg`,
  ),
  ipc: createGroup(
    'Shared memory, semaphores and message queues in an IPC name space of its own.',
    `shmget shmat shmdt shmctl semget semop semtimedop semctl msgget msgsnd msgrcv msgctl mq_open mq_unlink
     mq_timedsend mq_timedreceive mq_notify mq_getsetattr`,
  ),
  machine: createGroup('What machine this is, and random numbers.', 'uname sysinfo getrandom'),
}
