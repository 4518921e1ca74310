"""Makes the system calls of argv[1], JSON of [number, arguments] each, and prints what each came to as JSON."""

import ctypes
import errno
import json
import os
import sys

libc = ctypes.CDLL(None, use_errno=True)
libc.syscall.restype = ctypes.c_long
PARENT = os.getpid()


def probe(number, args):
    ctypes.set_errno(0)
    result = libc.syscall(ctypes.c_long(number), *[ctypes.c_long(arg) for arg in args])
    code = ctypes.get_errno()
    # A clone that was allowed is here as well.
    if os.getpid() != PARENT:
        os._exit(0)
    return 'ok' if result >= 0 else errno.errorcode.get(code, str(code))


print(json.dumps([probe(*call) for call in json.loads(sys.argv[1])]))
