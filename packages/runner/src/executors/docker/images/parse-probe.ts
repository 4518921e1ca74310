import type { ImageProgram } from './prepared-image.js'
import { END_LINE } from './probe-script.js'

/** What an image's `python3` says of itself. */
export interface PythonFacts {
  readonly version: string
  /** Where its standard library is. */
  readonly stdlib: string
  readonly isCompiled: boolean
  readonly hasPip: boolean
}

/** What a probe of an image found. */
export interface ProbeFacts {
  readonly hasShell: boolean
  readonly hasSleep: boolean
  readonly programs: Readonly<Record<string, ImageProgram>>
  /** `undefined` without a `python3` that works. */
  readonly python: PythonFacts | undefined
  /** What the containers of the image search for programs; `undefined` where nobody could say. */
  readonly path: string | undefined
}

/**
 * Reads what the probe's script printed.
 *
 * @returns `undefined` when that is not all that it prints: the image's shell is none.
 */
export function parseProbe(output: string): ProbeFacts | undefined {
  const lines = output.split('\n').map((line) => line.split('\t'))
  if (!lines.some(([key]) => key === END_LINE)) return undefined
  const find = (key: string): readonly string[] | undefined => lines.find(([first]) => first === key)
  const python = parsePython(output)
  const programs = Object.fromEntries(
    lines
      .filter(([key]) => key === 'program')
      .map(([, name = '', path = '', words = '']) => [name, { path, version: findVersion(words) }]),
  )
  return {
    hasShell: true,
    hasSleep: find('sleep') !== undefined,
    programs: withPythonVersion(programs, python),
    python,
    path: find('path')?.[1],
  }
}

/** Finds what a `python3` said of itself. */
export function parsePython(output: string): PythonFacts | undefined {
  const line = output.split('\n').find((each) => each.startsWith('python\t'))
  const [, version, stdlib, isCompiled, hasPip] = line?.split('\t') ?? []
  if (version === undefined || stdlib === undefined) return undefined
  return { version, stdlib, isCompiled: isCompiled === 'yes', hasPip: hasPip === 'yes' }
}

/** Finds the first thing in a program's words that looks like a version. */
export const findVersion = (words: string): string | null => /\d+(?:\.\d+)+/.exec(words)?.[0] ?? null

/** Puts in the version that only a running Python tells. */
export function withPythonVersion(
  programs: Readonly<Record<string, ImageProgram>>,
  python: PythonFacts | undefined,
): Readonly<Record<string, ImageProgram>> {
  const program = programs['python3']
  if (program === undefined || python === undefined) return programs
  return { ...programs, python3: { ...program, version: python.version } }
}
