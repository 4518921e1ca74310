import { chmod, chown, mkdir, readdir, rename, rm, stat } from 'node:fs/promises'
import { basename, dirname, join } from 'node:path'
import { flushTree } from '../../../flush-tree.js'
import { runProbe, type ProbeContext } from './probe-container.js'
import { withTemporary } from './temporaries.js'

/** What is to be compiled, and where to. */
export interface Compilation {
  readonly imageId: string
  /** The Python, and its standard library, as absolute paths in the image. */
  readonly python: string
  readonly stdlib: string
  /** Where the result is to be. */
  readonly directory: string
}

const TARGET = '/rgrid-pycache'
const DEADLINE_MS = 300_000
// Longer than any compilation.
const ABANDONED_MS = 3_600_000

// What scripts seldom import is left out: it would be half of the time. A file is trusted without a look at its source,
// as both come from the same image for ever.
const COMPILER = `
import compileall, py_compile, re, sys
skip = re.compile('/(?:site-packages|dist-packages|tests?|idlelib|lib2to3|turtledemo|tkinter|ensurepip)/')
mode = py_compile.PycInvalidationMode.UNCHECKED_HASH
compileall.compile_dir(sys.argv[1], quiet=2, rx=skip, workers=1, invalidation_mode=mode)
`

/**
 * Compiles the standard library of an image's Python into a directory of this machine, with the image itself.
 *
 * The directory appears complete or not at all, so that several runners can share it.
 *
 * @throws Error when nothing was compiled, such as where the engine is on another machine.
 */
export async function compileStdlib(context: ProbeContext, compilation: Compilation): Promise<void> {
  const { imageId, python, stdlib, directory } = compilation
  const { user, traces } = context
  await mkdir(dirname(directory), { recursive: true, mode: 0o700 })
  await removeAbandoned(directory)
  await withTemporary(traces, directory, async (temporary) => {
    await mkdir(temporary, { mode: 0o700 })
    if (user.isForeign) await chown(temporary, user.uid, user.gid)
    const { output } = await runProbe(context, {
      imageId,
      command: [python, '-I', '-B', '-X', `pycache_prefix=${TARGET}`, '-c', COMPILER, stdlib],
      mount: { source: temporary, target: TARGET, isReadOnly: false },
      deadlineMs: DEADLINE_MS,
    })
    const isThere = await stat(join(temporary, stdlib)).catch(() => undefined)
    if (isThere === undefined) throw new Error(output.trim().split('\n').at(-1) || 'nothing was compiled')
    await mkdir(join(temporary, 'deps'))
    // From here on it belongs to the runner, and containers read it.
    if (user.isForeign) await chown(temporary, process.getuid?.() ?? 0, process.getgid?.() ?? 0)
    await chmod(temporary, 0o755)
    // Before it has its name: after a power cut it would be there, with empty files.
    await flushTree(temporary)
    await moveInto(temporary, directory)
  })
}

/** Removes what runners left that were killed while they compiled the same. */
async function removeAbandoned(directory: string): Promise<void> {
  for (const name of await readdir(dirname(directory))) {
    if (!name.startsWith(`${basename(directory)}.`)) continue
    const path = join(dirname(directory), name)
    const made = await stat(path).catch(() => undefined)
    if (made !== undefined && Date.now() - made.mtimeMs > ABANDONED_MS)
      await rm(path, { recursive: true, force: true })
  }
}

async function moveInto(temporary: string, directory: string): Promise<void> {
  try {
    await rename(temporary, directory)
  } catch (error) {
    // Another runner was quicker, with the same.
    if (!(error instanceof Error && 'code' in error && isTaken(error.code))) throw error
  }
}

const isTaken = (code: unknown): boolean => code === 'ENOTEMPTY' || code === 'EEXIST'
