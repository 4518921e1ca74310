"""Makes a system call of the 32-bit ABI and one of x32, in a process each, and prints the signals that end them."""

import ctypes
import json
import mmap
import os

# mov eax, 20 (getpid); int 0x80; ret
INT80 = bytes([0xB8, 20, 0, 0, 0, 0xCD, 0x80, 0xC3])
X32_GETPID = 0x40000000 + 39


def call_int80():
    code = mmap.mmap(-1, 4096, prot=mmap.PROT_READ | mmap.PROT_WRITE | mmap.PROT_EXEC)
    code.write(INT80)
    ctypes.CFUNCTYPE(ctypes.c_int)(ctypes.addressof(ctypes.c_char.from_buffer(code)))()


def call_x32():
    ctypes.CDLL(None).syscall(ctypes.c_long(X32_GETPID))


def end_of(action):
    pid = os.fork()
    if pid == 0:
        action()
        os._exit(0)
    status = os.waitpid(pid, 0)[1]
    return os.WTERMSIG(status) if os.WIFSIGNALED(status) else 0


print(json.dumps({'int80': end_of(call_int80), 'x32': end_of(call_x32)}))
