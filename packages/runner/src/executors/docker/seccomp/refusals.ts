import { createGroup, type SyscallGroup } from './syscall-group.js'

/** The system calls that nobody gets, whatever the arguments: they fail with `EPERM`. */
export const REFUSED_GROUPS: Readonly<Record<string, SyscallGroup>> = {
  ioUring: createGroup(
    'Does by itself what other calls would be stopped for, and was behind most kernel escapes of its time.',
    'io_uring_setup io_uring_enter io_uring_register',
  ),
  otherProcesses: createGroup(
    'Reads or changes other processes.',
    'ptrace process_vm_readv process_vm_writev process_madvise process_mrelease pidfd_getfd kcmp',
  ),
  keys: createGroup('Keyrings belong to no name space.', 'add_key request_key keyctl'),
  kernelCode: createGroup(
    'Brings code to the kernel, or replaces it.',
    'bpf init_module finit_module delete_module kexec_load kexec_file_load',
  ),
  kernelWindows: createGroup(
    'Looks into the kernel: its log, its counters, its traces.',
    'perf_event_open syslog lookup_dcookie uprobe',
  ),
  pageFaults: createGroup(
    'Stops the kernel at a page fault, which makes races in it winnable.',
    'userfaultfd',
  ),
  mounts: createGroup(
    'Changes what is mounted where, or the root.',
    `mount umount2 pivot_root chroot move_mount open_tree open_tree_attr mount_setattr fsopen fsconfig fsmount fspick`,
  ),
  namespaces: createGroup(
    'Enters or makes name spaces, in which a script would be root and could reach much more of the kernel.',
    'unshare setns listns',
  ),
  fileHandles: createGroup(
    'Opens files without a path, past the root: the way out of a container known as Shocker.',
    'name_to_handle_at open_by_handle_at',
  ),
  fileWatching: createGroup('Sees the accesses of others to a file system.', 'fanotify_init fanotify_mark'),
  inodeFlags: createGroup(
    'Too new for programs to need; what they replace, ioctl, is allowed.',
    'file_getattr file_setattr',
  ),
  clocks: createGroup(
    'The clock is the whole machine’s; adjtimex would also show how it is steered.',
    'settimeofday clock_settime clock_adjtime adjtimex',
  ),
  machine: createGroup(
    'Acts on the whole machine.',
    'reboot swapon swapoff quotactl quotactl_fd acct vhangup sethostname setdomainname',
  ),
  hardware: createGroup(
    'Ports and segments of the processor: for emulators, with a bad history.',
    'ioperm iopl modify_ldt set_thread_area get_thread_area',
  ),
  numa: createGroup(
    'Where memory lies is the machine’s matter, as in the default profile; libraries that ask go on without.',
    'get_mempolicy set_mempolicy set_mempolicy_home_node mbind migrate_pages move_pages',
  ),
  securityModules: createGroup(
    'Asks and tells the security modules.',
    'lsm_get_self_attr lsm_set_self_attr lsm_list_modules',
  ),
  gone: createGroup(
    'In no kernel any more, or of no use to any program.',
    `uselib ustat sysfs _sysctl create_module get_kernel_syms query_module nfsservctl getpmsg putpmsg afs_syscall
     tuxcall security vserver epoll_ctl_old epoll_wait_old`,
  ),
}

/** The system calls that fail with `ENOSYS`, as on an older kernel: programs then do the same in the older way. */
export const ABSENT_GROUPS: Readonly<Record<string, SyscallGroup>> = {
  hiddenFlags: createGroup(
    'Has its flags in memory, where no filter sees them. C libraries go back to clone.',
    'clone3',
  ),
  mountTable: createGroup('/proc/self/mountinfo says the same.', 'statmount listmount'),
}
