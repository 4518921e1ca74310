import type { Cause, ExecutorName, Runtime, Usage } from '@rgrid/protocol'
import type { Readable } from 'node:stream'

/** What to start: one script in a workspace that is ready. */
export interface Launch {
  readonly executionId: string
  readonly attempt: number
  readonly runtime: Runtime
  /** The script's path in the workspace. */
  readonly script: string
  readonly args: readonly string[]
  readonly env: Readonly<Record<string, string>>
  /** The workspace: an absolute directory of the runner's own, and the script's working directory. */
  readonly workDir: string
  readonly memoryMib: number
  readonly pids: number
}

/** How a script ended, as far as the executor knows; why the runner ended it is the runner's to say. */
export interface Exit {
  readonly cause: Extract<
    Cause,
    'exit' | 'signal' | 'out_of_memory' | 'engine_restart' | 'container_removed' | 'internal'
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
   * child behind that holds them open. Both streams end soon after.
   */
  readonly exit: Promise<Exit>
  /** Sends a signal: SIGTERM to the script, SIGKILL to it and everything it started. Does nothing after the end. */
  signal(name: 'SIGTERM' | 'SIGKILL'): Promise<void>
  /** Removes whatever is left of it, processes or container. Called once, after `exit`. */
  release(): Promise<void>
}

/** A way to run scripts. Made by a factory such as `createProcessExecutor`; one contract suite holds for all. */
export interface Executor {
  readonly name: ExecutorName
  /** The runtimes that can be run here and now, such as those whose image is present. */
  listRuntimes(): Promise<Runtime[]>
  /**
   * Starts a script.
   *
   * @throws StartError when it could not be started; then it provably was not.
   */
  start(launch: Launch): Promise<Running>
  /** Removes what an earlier runner of this instance left behind when it was killed. */
  sweep(): Promise<void>
  /** Frees what the executor holds. Scripts have ended before. */
  close(): Promise<void>
}

/** A script that was not started, and why. */
export class StartError extends Error {
  readonly reason: Extract<Cause, 'image_pull' | 'internal'>

  constructor(reason: StartError['reason'], message: string, options?: ErrorOptions) {
    super(message, options)
    this.name = 'StartError'
    this.reason = reason
  }
}
