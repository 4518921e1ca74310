import type { Runtime } from '@rgrid/protocol'
import type { Specification } from './specification.js'

/** One installation that has to be made now. */
export interface InstallJob {
  /** Unique on this machine, and fit for a container's name. */
  readonly name: string
  /** What the packages are installed for: the id of an image, or of an interpreter on this machine. */
  readonly base: string
  readonly runtime: Runtime
  readonly specification: Specification
  /** A directory for this job alone, with `deps` in it: what the installer leaves there becomes the layer. */
  readonly directory: string
  /** The installer's cache, kept from job to job of one project and base. */
  readonly cacheDirectory: string
  /** Is given the installer's output line by line, without credentials. */
  readonly onLine: (line: string) => void
  readonly signal: AbortSignal
}

/** A way to run pip, uv or npm. */
export interface Installer {
  /** Marks what this runner has started and left on the disk, so that its next life finds it. */
  readonly instance: string
  /** Whether what it left running may still be there when the directory of its job is gone. */
  readonly outlivesDirectory: boolean
  /**
   * Installs into the `deps` of the job's directory.
   *
   * @throws InstallError when the installer fails, StartError when it could not be started, the signal's reason when
   * it aborts; nothing of the installer runs any more then.
   */
  run(job: InstallJob): Promise<void>
  /**
   * Ends what this instance left running: an earlier runner when it was killed, or this one when the engine refused to
   * remove it. What does not end is logged.
   *
   * @returns whether nothing runs any more.
   */
  sweep(): Promise<boolean>
}
