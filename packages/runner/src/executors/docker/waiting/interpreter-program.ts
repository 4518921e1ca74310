/**
 * What Python runs while it waits: it tells that it is up, waits to be woken, and becomes the script in `/rgrid/call`. It
 * does what Python's own start of a script does, with what is the same for all scripts done before. It imports nothing
 * that Python does not, leaves no name behind, and takes itself out of tracebacks; only who looks at the stack itself
 * finds its frames below the script's.
 */
export const INTERPRETER_PROGRAM = String.raw`def rgrid_wait(main):
    import os, posix, sys, _signal

    own = main['__file__']
    events = posix.open('/rgrid/events', posix.O_WRONLY)
    posix.write(events, b'up\n')
    posix.close(events)
    wake = posix.open('/rgrid/wake', posix.O_RDONLY)
    posix.read(wake, 1)
    posix.close(wake)

    with open('/rgrid/call', 'rb') as call:
        script, stdin, count, *rest = call.read().split(b'\0')
    args = [os.fsdecode(arg) for arg in rest[: int(count)]]
    for name, value in (pair.split(b'=', 1) for pair in rest[int(count) : -1]):
        os.environb[name] = value
    script = os.fsdecode(script)
    for number, name in (1, 'stdout'), (2, 'stderr'):
        stream = posix.open('/rgrid/' + name, posix.O_WRONLY)
        posix.dup2(stream, number)
        posix.close(stream)
    if stdin:
        stream = posix.open(stdin, posix.O_RDONLY)
        posix.dup2(stream, 0)
        posix.close(stream)
    # What a shell starts in the background ignores both.
    _signal.signal(_signal.SIGINT, _signal.default_int_handler)
    _signal.signal(_signal.SIGQUIT, _signal.SIG_DFL)

    path = os.path.join(os.getcwd(), script)
    sys.argv[:] = [script, *args]
    if hasattr(sys, 'orig_argv'):
        sys.orig_argv[-1:] = sys.argv
    sys.path[0] = os.path.dirname(os.path.realpath(path))
    main['__file__'] = path if sys.version_info >= (3, 9) else script
    sys.path_importer_cache[path] = sys.path_importer_cache.pop(own, None)
    main['__loader__'] = type(main['__loader__'])('__main__', main['__file__'])
    del main['rgrid_wait']

    def show(kind, value, trace):
        sys.excepthook = hook
        while trace is not None and trace.tb_frame.f_code.co_filename == own:
            trace = trace.tb_next
        sys.last_traceback = trace
        hook(kind, value.with_traceback(trace), trace)

    try:
        with open(path, 'rb') as source:
            code = compile(source.read(), main['__file__'], 'exec', dont_inherit=True)
    except (OSError, SyntaxError, ValueError):
        # Only Python itself says word for word what it says of a file that it cannot run.
        os.execv(sys.executable, [sys.executable, *sys.argv])
    try:
        exec(code, main)
    except SystemExit:
        raise
    except BaseException:
        hook, sys.excepthook = sys.excepthook, show
        raise


rgrid_wait(globals())
`
