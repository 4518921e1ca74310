import { RUNTIMES, runtimeSchema, type Runtime } from '@rgrid/protocol'

/** The image of each runtime that has one. */
export type Images = Readonly<Partial<Record<Runtime, string>>>

/** The images that runtimes start from where nothing else is configured; a bare family means its preferred version. */
export const DEFAULT_IMAGES = {
  python: 'python:3.12-slim',
  'python3.11': 'python:3.11-slim',
  'python3.12': 'python:3.12-slim',
  'python3.13': 'python:3.13-slim',
  node: 'node:22-slim',
  node20: 'node:20-slim',
  node22: 'node:22-slim',
  node24: 'node:24-slim',
  bash: 'debian:stable-slim',
} as const satisfies Record<Runtime, string>

/** The program that runs the scripts of a runtime, found on the image's PATH. */
export function toProgram(runtime: Runtime): string {
  if (runtime.startsWith('python')) return 'python3'
  return runtime.startsWith('node') ? 'node' : 'bash'
}

/**
 * Reads a table of images from text, such as the value of `RGRID_IMAGES`.
 *
 * @example
 * parseImages('python=my/python:3.12, bash=debian:12-slim')
 *
 * @throws TypeError when a part is not `runtime=image`, a runtime is unknown or a runtime is named twice.
 */
export function parseImages(text: string): Images {
  const images: Partial<Record<Runtime, string>> = {}
  for (const part of text.split(',').map((piece) => piece.trim())) {
    if (part === '') continue
    const [, name = '', image = ''] = /^([^=\s]*)\s*=\s*(\S*)$/.exec(part) ?? []
    if (name === '' || image === '') throw new TypeError(`"${part}" is not of the form runtime=image`)
    const runtime = runtimeSchema.safeParse(name)
    if (!runtime.success)
      throw new TypeError(`"${name}" is not a runtime; the runtimes are ${RUNTIMES.join(', ')}`)
    if (images[runtime.data] !== undefined)
      throw new TypeError(`the runtime ${runtime.data} is there twice: ${images[runtime.data]} and ${image}`)
    images[runtime.data] = image
  }
  return images
}
