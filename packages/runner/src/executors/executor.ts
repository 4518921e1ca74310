import type {
  Cause,
  Dependencies,
  Environments,
  ExecutorName,
  Isolation,
  Network,
  Offer,
  Phases,
  PoolStats,
  Runtime,
  Spec,
  Usage,
  WireFile,
} from '@rgrid/protocol'
import type { Readable } from 'node:stream'

/** What a script of an execution needs of a machine, beside its files. */
export interface PlaceRequest {
  readonly executionId: string
  readonly attempt: number
  readonly project: string
  readonly runtime: Runtime
  /** In place of the runtime's image. */
  readonly image: string | undefined
  /** The digest of the script, by which executions that share a container are told from others. */
  readonly scriptSha256: string
  /** What the caller asked for; the executor fills in the rest. */
  readonly resources: Spec['resources']
  readonly network: Network | undefined
  readonly isolation: Isolation
  /** The installed dependencies of the script. */
  readonly layer: Layer | undefined
  /** Tells what takes its time, such as the pull of an image, to who waits. */
  readonly onProgress: (message: string) => void
  /** Aborts when nobody wants the place any more. */
  readonly signal: AbortSignal
}

/** What to start in a place. */
export interface Launch {
  /** The script's path in the workspace. */
  readonly script: string
  readonly args: readonly string[]
  readonly env: Readonly<Record<string, string>>
  /** The file in the workspace that is the script's standard input. @default none: it is empty */
  readonly stdin?: string | undefined
  /** How much of what is in the workspace was put there by the runner. */
  readonly inputBytes: number
  /** How long the script may run, counted by the place itself: the script ends then, also when the runner hangs. */
  readonly deadlineMs: number
  /**
   * What the runner wants to know again of a script that it started, should it be killed: kept where no script can read
   * it, and handed out by {@link Executor.findOrphans}.
   */
  readonly memo?: string
  /**
   * Resolves when the script may start. The place gets ready meanwhile; when this rejects it starts nothing, and
   * {@link Place.start} rejects too.
   *
   * @default at once
   */
  readonly mayStart?: Promise<void>
}

/** Tells of a file that stays behind. */
export type Skip = (path: string, reason: string) => void

/** Somewhere that one script can be started, once: a directory, and around it a container perhaps. */
export interface Place {
  /** An absolute directory of the runner's own, empty at first: the script's working directory. */
  readonly workDir: string
  readonly container: Phases['container']
  /** Names what the script runs in: an image or an interpreter. See {@link Executor.listEnvironments}. */
  readonly environment: string
  /**
   * Whether large input files in it may be hard links to files of the runner: the script can read them, and not write.
   *
   * @default false
   */
  readonly canShareInputs?: boolean
  /**
   * Starts a script, whose files are in {@link Place.workDir} by now.
   *
   * @throws StartError when it could not be started; then it provably was not.
   */
  start(launch: Launch): Promise<Running>
  /**
   * Brings the script's files to {@link Place.workDir} where they are elsewhere, after its end: called once then, before
   * they are read. Never rejects: what stays behind is told, by its path and with the reason.
   *
   * @param isWanted - files that are not wanted need not be brought, and nothing is told of them
   */
  readonly bringFiles?: (skip: Skip, isWanted: (path: string) => boolean) => Promise<void>
  /**
   * Removes the place with whatever is left in it, processes, container and files. Called once: after the end of the
   * script and the collection of its files, or in place of a start.
   */
  remove(): Promise<void>
}

/** How a script ended, as far as the executor knows; why the runner ended it is the runner's to say. */
export interface Exit {
  readonly cause: Extract<
    Cause,
    | 'exit'
    | 'signal'
    | 'timeout'
    | 'out_of_memory'
    | 'output_limit'
    | 'engine_restart'
    | 'container_removed'
    | 'internal'
  >
  /** With cause `exit`, and wherever else there is one. */
  readonly exitCode: number | null
  /** The signal's name, with cause `signal`. */
  readonly signal: string | null
  /** What happened, in words, where the cause does not say it. */
  readonly message: string | null
  readonly usage: Usage
}

/** A script that has been started. */
export interface Running {
  /** Raw bytes; ends when no more will come. */
  readonly stdout: Readable
  /** Raw bytes; ends when no more will come. */
  readonly stderr: Readable
  /**
   * How the script ended. Never rejects, and never waits for the streams: a script may close them early, or leave a
   * child behind that holds them open. Nothing of the script runs any more then where it is isolated, so that its files
   * can be read. Both streams end soon after.
   */
  readonly exit: Promise<Exit>
  /** Sends a signal: SIGTERM to the script, SIGKILL to it and everything it started. Does nothing after the end. */
  signal(name: 'SIGTERM' | 'SIGKILL'): Promise<void>
}

/** A script that a killed runner has started, and that runs, or has ended and could tell nobody. */
export interface Orphan {
  /** What its runner wanted to know again: see {@link Launch.memo}. */
  readonly memo: string
  /** Replaces that. */
  remember(memo: string): void
  /** Goes on with the script. */
  adopt(): Adoption
}

/** A script that a runner goes on with which has not started it. */
export interface Adoption {
  readonly place: Omit<Place, 'start'>
  readonly running: Running
  /** When it was started, in milliseconds since 1970. */
  readonly startedAt: number
}

/** Dependencies to be installed. */
export interface InstallRequest {
  readonly project: string
  readonly runtime: Runtime
  /** In place of the runtime's image. */
  readonly image: string | undefined
  readonly dependencies: Dependencies
  /** The script's path among the files. */
  readonly script: string
  readonly files: readonly WireFile[]
  /** Reads one of the files. */
  readonly readFile: (file: WireFile) => Promise<Uint8Array>
  readonly onProgress: (message: string) => void
  /** Aborts when nobody wants the dependencies any more. */
  readonly signal: AbortSignal
}

/** Installed dependencies: a directory that is never written to again. */
export interface Layer {
  /** Names the set, with all that it depends on: equal keys are equal layers. */
  readonly key: string
  readonly directory: string
  readonly kind: 'python' | 'node'
}

/** A way to run scripts. Made by a factory such as `createProcessExecutor`; one contract suite holds for all. */
export interface Executor {
  readonly name: ExecutorName
  /**
   * What can be run here: at once, such as the runtimes whose image is present, and behind it what takes a preparation,
   * where there is any.
   */
  describe(): Promise<readonly [Offer, ...Offer[]]>
  /** What scripts would run in now: only looked at, so that nothing is pulled, prepared or started for it. */
  listEnvironments(): Promise<Environments>
  /**
   * Calls `listener` when that may have changed, as far as anything tells of it, until the returned function is called.
   * Nothing is kept running by it.
   */
  watchEnvironments(listener: () => void): () => void
  /**
   * Finds or makes a place for a script.
   *
   * @throws StartError when there is none to be had, such as when an image cannot be pulled.
   */
  prepare(request: PlaceRequest): Promise<Place>
  /**
   * Installs dependencies, unless the same are there already.
   *
   * @throws InstallError when the installer fails, StartError when it could not be started.
   */
  install(request: InstallRequest): Promise<Layer>
  /**
   * Finds what an earlier runner of this instance left running when it was killed, where that can be gone on with. What is
   * not adopted goes with the next sweep.
   */
  findOrphans(): Promise<readonly Orphan[]>
  /** How the waiting containers fare; `undefined` where there are none. */
  getPoolStats(): PoolStats | undefined
  /**
   * Removes what an earlier runner of this instance left behind when it was killed. What cannot be removed is logged,
   * and stays for the next sweep.
   *
   * @returns whether nothing stays.
   */
  sweep(): Promise<boolean>
  /** Frees what the executor holds. Scripts have ended before. */
  close(): Promise<void>
}

/** A script that was not started, and why. */
export class StartError extends Error {
  readonly reason: Extract<Cause, 'image_pull' | 'dependency_install' | 'internal'>

  constructor(reason: StartError['reason'], message: string, options?: ErrorOptions) {
    super(message, options)
    this.name = 'StartError'
    this.reason = reason
  }
}

/** An installer that failed, and all that it printed. */
export class InstallError extends StartError {
  readonly output: Uint8Array

  constructor(message: string, output: Uint8Array, options?: ErrorOptions) {
    super('dependency_install', message, options)
    this.name = 'InstallError'
    this.output = output
  }
}
