/** The image of each runtime that has one. */
export type Images = Readonly<Record<string, string>>

/**
 * Reads a table of images from text, such as the value of `RGRID_IMAGES`.
 *
 * @example
 * parseImages('python=my/python:3.12, bash=debian:12-slim', ['python', 'bash'])
 *
 * @throws TypeError when a part is not `runtime=image`, a runtime is none of `runtimes` or a runtime is named twice.
 */
export function parseImages(text: string, runtimes: readonly string[]): Images {
  const images = new Map<string, string>()
  for (const part of text.split(',').map((piece) => piece.trim())) {
    if (part === '') continue
    const [, name = '', image = ''] = /^([^=\s]*)\s*=\s*(\S*)$/.exec(part) ?? []
    if (name === '' || image === '') throw new TypeError(`"${part}" is not of the form runtime=image`)
    if (!runtimes.includes(name))
      throw new TypeError(
        `"${name}" is not a runtime here, which are ${runtimes.join(', ')}: RGRID_RUNTIMES can add others`,
      )
    const before = images.get(name)
    if (before !== undefined)
      throw new TypeError(`the runtime ${name} is there twice: ${before} and ${image}`)
    images.set(name, image)
  }
  return Object.fromEntries(images)
}
