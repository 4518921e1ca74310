/** A program of an image. */
export interface ImageProgram {
  /** Absolute, inside the image. */
  readonly path: string
  /** Such as `3.12.4`; `null` where it was not asked for or did not say. */
  readonly version: string | null
}

/** What of an image is known for as long as its digest is the same. */
export interface ImageFacts {
  /** The engine's id of the image, such as `sha256:…`. */
  readonly id: string
  /** Whether `/bin/sh` is there and starts. */
  readonly hasShell: boolean
  /** Whether its shell finds `sleep`. */
  readonly hasSleep: boolean
  /** The programs that were looked for and are on the image's `PATH`, by name: see `SOUGHT_PROGRAMS`. */
  readonly programs: Readonly<Record<string, ImageProgram>>
  /** What can install dependencies: `pip` as a module of its `python3`, the others as programs. */
  readonly tools: Readonly<Record<'pip' | 'uv' | 'npm', boolean>>
}

/** An image that is on this machine, and all that has to be known of it to run something in it. */
export interface PreparedImage extends ImageFacts {
  /** The name that it was asked for by. It may lead to another image by now. */
  readonly name: string
  /**
   * The directory on this machine that holds the compiled standard library of its `python3`, laid out for
   * `PYTHONPYCACHEPREFIX`, to be mounted read-only. `null` where the image has its own, or it could not be made or mounted. It has
   * an empty folder `deps`, where the compiled files of dependencies at `/deps` can be mounted.
   */
  readonly pycacheDirectory: string | null
  /** Whether a directory of this machine can be mounted into its containers. */
  readonly sharesFiles: boolean
  /** Whether it has a shell, and FIFOs in a mounted directory connect its containers with this process. */
  readonly sharesFifos: boolean
  /** The image's own environment, with the `PATH` that its containers get. */
  readonly env: Readonly<Record<string, string>>
}

/** The programs that every image is searched for. */
export const SOUGHT_PROGRAMS = ['python3', 'node', 'bash', 'uv', 'npm'] as const

/** The search path of containers whose image does not set one. */
export const DEFAULT_PATH = '/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin'
