import { RUNTIMES, runtimeSchema, type Runtime } from '@rgrid/protocol'

/** The image of each runtime that has one. */
export type Images = Readonly<Partial<Record<Runtime, string>>>

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
