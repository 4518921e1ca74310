import type { CacheOptions, ExecutorName, Isolation, Network, Retries, Runtime } from '@rgrid/protocol'
import type { InputData } from './files/spool.js'

/**
 * Something that travels with a script: a file, a directory or a pattern below `cwd`, or a file that the program makes.
 * Patterns have `*` and `?` within a name, `**` for any number of folders, `[a-z]` and `{a,b}`; those that begin with `!`
 * leave out what others find.
 */
export type Input =
  | string
  /** What the file holds. A stream is read to its end, once. */
  | { readonly path: string; readonly data: InputData }
  /** A file of this machine, from anywhere, under another path. */
  | { readonly path: string; readonly file: string }

/** What a script is run with. */
export interface RunOptions {
  /**
   * The script's arguments. One that names an existing local file, or a directory below the current one, takes it
   * along.
   *
   * @default []
   */
  readonly args?: readonly string[]
  /**
   * What the script needs beside its arguments. In directories and for patterns, `.gitignore` and `.rgridignore` files
   * there leave out what they do.
   *
   * @default []
   */
  readonly inputs?: readonly Input[]
  /**
   * The script's standard input: text, bytes, a stream that is read to its end first, or a file.
   *
   * @default empty
   */
  readonly stdin?: InputData | { readonly file: string }
  /**
   * Whether the script may write to input files of any size. Otherwise one of 16 MiB and more may be read-only in a
   * container, where executions share it; it can always be replaced or removed there.
   *
   * @default false
   */
  readonly writableInputs?: boolean
  /**
   * The script's environment; nothing else of yours is sent.
   *
   * @default {}
   */
  readonly env?: Readonly<Record<string, string>>
  /**
   * What runs the script: one of the known runtimes, or one that a runner has of its own.
   *
   * @default by the script's shebang, else by its extension
   */
  readonly runtime?: Runtime
  /**
   * How the runner runs the script: `docker` in a container, `process` as a plain process with no isolation, which
   * takes no script that asks for an image, for resources or for the network `none`.
   *
   * @default the runner's preference
   */
  readonly executor?: ExecutorName
  /**
   * An OCI image in place of the runtime's, such as `ghcr.io/me/tools:1`. Only for executors with images, and only
   * what the server and the runner allow.
   *
   * @default the runner's image for the runtime
   */
  readonly image?: string
  /**
   * How many CPUs the script may use, from 0.1; half a CPU is 0.5.
   *
   * @default 2, or what the machine has where that is less
   */
  readonly cpus?: number
  /**
   * How much memory the script may use, in MiB, from 6. What needs more ends with the cause `out_of_memory`.
   *
   * @default 512
   */
  readonly memoryMib?: number
  /**
   * How many processes and threads the script may have at a time, up to 32,768.
   *
   * @default 256
   */
  readonly pids?: number
  /**
   * How much the script may write into its working directory, in MiB.
   *
   * @default 5120 (5 GiB)
   */
  readonly diskMib?: number
  /**
   * The script's network: `none` is its own loopback interface alone, `bridge` reaches out. Without isolation a script
   * always has the network of its machine.
   *
   * @default 'none' in containers
   */
  readonly network?: Network
  /**
   * What is between two executions: `execution` gives each a container of its own, `shared` one container to many
   * executions of the same script, one after another, with a fresh process and an emptied working directory each.
   *
   * @default 'execution'
   */
  readonly isolation?: Isolation
  /**
   * The requirements file of a Python script, relative to `cwd` and within it.
   *
   * @default the script's inline metadata (PEP 723), else `requirements.txt` in the script's folder
   */
  readonly requirements?: string
  /**
   * Whether the packages that the script's files name are installed before it starts: inline metadata or
   * `requirements.txt` for Python, `package.json` with a `package-lock.json` for Node.
   *
   * @default true
   */
  readonly dependencies?: boolean
  /**
   * How long the script may run. Then it gets SIGTERM, and two seconds later SIGKILL.
   *
   * @default 300000 (5 minutes); at most 24 hours
   */
  readonly timeoutMs?: number
  /**
   * A name for this execution, of your choosing, one of a kind in the project. The same call with the same key finds the
   * first execution, from its first line of output on, wherever and whenever it is made; another call with it fails with
   * the code `key_conflict`.
   *
   * @default none: each call starts an execution
   */
  readonly key?: string
  /**
   * Its place in the queue, from -100 to 100: what has the higher one starts first, and of equals the oldest.
   *
   * @default 0
   */
  readonly priority?: number
  /**
   * After which ends the script is started again, and how often for each: up to 10 times, after a pause that doubles from
   * a second to a minute. A number alone is for every exit code but 0.
   *
   * @default none: a script that may have started is not started again
   *
   * @example
   * ```ts
   * { lost: 2, exit: { codes: [75], times: 3 }, out_of_memory: { memoryMib: 'x2', times: 1 } }
   * ```
   */
  readonly retries?: number | Retries
  /**
   * Whether an earlier execution may stand in for this one: then nothing runs, and exit code, log and files are those of
   * the earlier one, at once. It has to have asked the cache as well, to have completed without a network, and to have been
   * the same in script, arguments, environment, input files, image or interpreter, packages, and limits. With `failures` also one will do that
   * ended by itself with another exit code; with `network` also one that could reach a network, as all scripts of the
   * `process` executor can. {@link Result.cache} says what came of it.
   *
   * @default false
   */
  readonly cache?: CacheOptions
  /** @default {} */
  readonly labels?: Readonly<Record<string, string>>
  /**
   * Whether arguments that name local files take them along, and so do imports of local modules.
   *
   * @default true
   */
  readonly upload?: boolean
  /**
   * Which of the files that the script creates or changes come home: patterns of paths, such as `'out/**'`. One that
   * begins with `!` leaves out what it matches; where all do, everything else comes home.
   *
   * @default all
   */
  readonly outputs?: readonly string[]
  /**
   * The directory that the script's path, its arguments and its working directory are relative to.
   *
   * @default process.cwd()
   */
  readonly cwd?: string
  /**
   * Cancels the execution when it aborts. With a signal that has aborted before, nothing is sent and the call fails
   * with the signal's reason.
   */
  readonly signal?: AbortSignal
}
