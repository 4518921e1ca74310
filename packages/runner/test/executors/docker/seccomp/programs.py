"""Does in Python what scripts do and prints, as JSON, what each came to."""

import asyncio
import concurrent.futures
import ctypes
import fcntl
import json
import mmap
import multiprocessing
import multiprocessing.shared_memory
import os
import resource
import select
import shutil
import signal
import socket
import sqlite3
import subprocess
import tempfile
import termios
import threading
import time

libc = ctypes.CDLL(None, use_errno=True)


def square(number):
    return number * number


def threads():
    results = []
    workers = [threading.Thread(target=lambda n=n: results.append(square(n))) for n in range(8)]
    [worker.start() for worker in workers]
    [worker.join() for worker in workers]
    return sum(results)


def pools():
    with concurrent.futures.ThreadPoolExecutor(4) as pool:
        return list(pool.map(square, range(4)))


def processes(method):
    context = multiprocessing.get_context(method)
    with context.Pool(2) as pool:
        return pool.map(square, range(4))


def semaphores():
    semaphore, queue = multiprocessing.Semaphore(1), multiprocessing.Queue()
    child = multiprocessing.get_context('fork').Process(target=lambda: (semaphore.acquire(), queue.put('got it')))
    child.start()
    answer = queue.get(timeout=10)
    child.join()
    return [answer, semaphore.acquire(timeout=0.1)]


def shared_memory():
    memory = multiprocessing.shared_memory.SharedMemory(create=True, size=64)
    memory.buf[0] = 7
    other = multiprocessing.shared_memory.SharedMemory(memory.name)
    value = other.buf[0]
    other.close()
    memory.close()
    memory.unlink()
    return value


def subprocesses():
    text = subprocess.run(['sort', '-r'], input='a\nb\n', capture_output=True, text=True, check=True).stdout
    session = subprocess.run(['true'], start_new_session=True).returncode
    return [text, session, os.waitstatus_to_exitcode(os.system('exit 3')), os.popen('echo hi').read()]


def spawn():
    return os.waitpid(os.posix_spawn('/bin/true', ['true'], os.environ), 0)[1]


async def talk():
    async def answer(reader, writer):
        writer.write((await reader.readline()).upper())
        await writer.drain()
        writer.close()

    server = await asyncio.start_server(answer, '127.0.0.1', 0)
    reader, writer = await asyncio.open_connection(*server.sockets[0].getsockname())
    writer.write(b'hello\n')
    line = (await reader.read()).decode()
    child = await asyncio.create_subprocess_exec('echo', 'child', stdout=subprocess.PIPE)
    output = (await child.communicate())[0].decode()
    return [line, output, await asyncio.to_thread(square, 3)]


def database():
    with tempfile.TemporaryDirectory() as folder:
        connection = sqlite3.connect(f'{folder}/db')
        mode = connection.execute('pragma journal_mode=wal').fetchone()[0]
        connection.execute('create table t (x)')
        connection.executemany('insert into t values (?)', [(n,) for n in range(100)])
        connection.commit()
        return [mode, connection.execute('select sum(x) from t').fetchone()[0]]


def pairs():
    left, right = socket.socketpair()
    socket.send_fds(left, [b'x'], [0])
    return len(socket.recv_fds(right, 1, 1)[1])


def sockets():
    for family in (socket.AF_INET, socket.AF_INET6, socket.AF_UNIX):
        for kind in (socket.SOCK_STREAM, socket.SOCK_DGRAM):
            socket.socket(family, kind).close()
    return [name for _, name in socket.if_nameindex()]


def interfaces():
    class Ifaddrs(ctypes.Structure):
        _fields_ = [('next', ctypes.c_void_p), ('name', ctypes.c_char_p)]

    first = ctypes.POINTER(Ifaddrs)()
    return [libc.getifaddrs(ctypes.byref(first)), first.contents.name.decode()]


def names():
    return socket.getaddrinfo('127.0.0.1', 80, type=socket.SOCK_STREAM)[0][4]


def maps():
    anonymous = mmap.mmap(-1, 8192)
    anonymous[:3] = b'abc'
    anonymous.madvise(mmap.MADV_DONTNEED)
    with tempfile.TemporaryFile() as file:
        file.truncate(4096)
        shared = mmap.mmap(file.fileno(), 4096)
        shared[0] = 9
        shared.flush()
        return shared[0]


def executable_memory():
    return ctypes.CFUNCTYPE(ctypes.c_int, ctypes.c_int)(square)(5)


def memory_file():
    descriptor = os.memfd_create('x', os.MFD_CLOEXEC | os.MFD_ALLOW_SEALING)
    os.write(descriptor, b'abc')
    fcntl.fcntl(descriptor, fcntl.F_ADD_SEALS, fcntl.F_SEAL_GROW)
    return os.pread(descriptor, 3, 0).decode()


def watches():
    with tempfile.TemporaryDirectory() as folder:
        descriptor = libc.inotify_init1(0)
        libc.inotify_add_watch(descriptor, folder.encode(), 0x100)
        open(f'{folder}/new', 'w').close()
        return b'new' in os.read(descriptor, 4096)


def limits():
    soft, hard = resource.getrlimit(resource.RLIMIT_NOFILE)
    resource.setrlimit(resource.RLIMIT_NOFILE, (min(soft, 512), hard))
    return [resource.getrlimit(resource.RLIMIT_NOFILE)[0], resource.getrusage(resource.RUSAGE_SELF).ru_maxrss > 0]


def scheduling():
    os.sched_setaffinity(0, os.sched_getaffinity(0))
    os.sched_yield()
    return [len(os.sched_getaffinity(0)) > 0, os.nice(1), os.sched_getscheduler(0)]


def timers():
    hits = []
    signal.signal(signal.SIGALRM, lambda *_: hits.append(1))
    signal.setitimer(signal.ITIMER_REAL, 0.01)
    time.sleep(0.1)
    return [hits, time.clock_gettime(time.CLOCK_BOOTTIME) > 0, time.get_clock_info('monotonic').adjustable]


def signals():
    signal.pthread_sigmask(signal.SIG_BLOCK, [signal.SIGUSR1])
    os.kill(os.getpid(), signal.SIGUSR1)
    return signal.sigtimedwait([signal.SIGUSR1], 1).si_signo


def polls():
    reader, writer = os.pipe2(os.O_CLOEXEC)
    os.write(writer, b'x')
    epoll, poll = select.epoll(), select.poll()
    epoll.register(reader, select.EPOLLIN)
    poll.register(reader, select.POLLIN)
    return [len(epoll.poll(1)), len(poll.poll(1000)), len(select.select([reader], [], [], 1)[0])]


def files():
    with tempfile.TemporaryDirectory() as folder:
        with open(f'{folder}/a', 'wb') as file:
            file.write(b'x' * 100_000)
            fcntl.lockf(file, fcntl.LOCK_EX)
            fcntl.flock(file, fcntl.LOCK_EX)
            os.posix_fallocate(file.fileno(), 0, 200_000)
            os.fsync(file.fileno())
        shutil.copy2(f'{folder}/a', f'{folder}/b')
        os.symlink('a', f'{folder}/link')
        os.link(f'{folder}/a', f'{folder}/hard')
        os.mkfifo(f'{folder}/fifo')
        os.chmod(f'{folder}/a', 0o600)
        os.utime(f'{folder}/a', (1, 1))
        os.chown(f'{folder}/a', os.getuid(), os.getgid())
        os.listxattr(f'{folder}/a')
        with open(f'{folder}/a') as source, open(f'{folder}/c', 'w') as target:
            copied = os.copy_file_range(source.fileno(), target.fileno(), 1000)
            sent = os.sendfile(target.fileno(), source.fileno(), 0, 1000)
        os.replace(f'{folder}/b', f'{folder}/d')
        return [sorted(entry.name for entry in os.scandir(folder)), copied, sent, os.statvfs(folder).f_bsize > 0]


def terminals():
    master, slave = os.openpty()
    attributes = termios.tcgetattr(slave)
    termios.tcsetattr(slave, termios.TCSANOW, attributes)
    os.write(master, b'hi\n')
    return [os.read(slave, 9).decode(), os.get_terminal_size(slave).columns, os.isatty(slave)]


def identity():
    os.setuid(os.getuid())
    os.setgid(os.getgid())
    return [os.getresuid(), os.uname().sysname]


def pidfds():
    pid = os.fork()
    if pid == 0:
        time.sleep(60)
    descriptor = os.pidfd_open(pid)
    signal.pidfd_send_signal(descriptor, signal.SIGTERM)
    return [os.waitid(os.P_PIDFD, descriptor, os.WEXITED).si_status]


ACTIONS = {
    'threads': threads,
    'pools': pools,
    'processes by fork': lambda: processes('fork'),
    'processes by spawn': lambda: processes('spawn'),
    'processes by forkserver': lambda: processes('forkserver'),
    'semaphores': semaphores,
    'shared memory': shared_memory,
    'subprocesses': subprocesses,
    'spawn': spawn,
    'asyncio': lambda: asyncio.run(talk()),
    'database': database,
    'socket pairs': pairs,
    'sockets': sockets,
    'interfaces': interfaces,
    'names': names,
    'maps': maps,
    'executable memory': executable_memory,
    'memory file': memory_file,
    'random': lambda: len(os.getrandom(16)),
    'watches': watches,
    'limits': limits,
    'scheduling': scheduling,
    'timers': timers,
    'signals': signals,
    'polls': polls,
    'files': files,
    'terminals': terminals,
    'identity': identity,
    'pidfds': pidfds,
}


def attempt(action):
    try:
        return action()
    except Exception as error:
        return f'FAILED: {error!r}'


if __name__ == '__main__':
    print(json.dumps({name: attempt(action) for name, action in ACTIONS.items()}))
