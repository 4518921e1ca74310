import { createHash } from 'node:crypto'

// What some file system does not take, and the sign that marks what was written differently.
// eslint-disable-next-line no-control-regex -- control characters are what is looked for
const UNSAFE = /[\u0000-\u001f\u007f\\:*?"<>|%]/g
const MAX_PART_BYTES = 200
const DIGITS = 16

/**
 * The folder for the files of an item, below that of the batch: its name, with what is no good name of a file written as
 * `%2E`. Different names have different folders.
 */
export const toOutputFolder = (name: string): string => name.split('/').map(toPart).join('/')

function toPart(part: string): string {
  if (part === '') return '%2F'
  if (part === '.' || part === '..') return part.replaceAll('.', '%2E')
  const safe = part.replace(UNSAFE, (character) => `%${toHex(character)}`)
  if (Buffer.byteLength(safe) <= MAX_PART_BYTES) return safe
  const digest = createHash('sha256').update(part).digest('hex').slice(0, DIGITS)
  return `${Array.from(safe)
    .slice(0, MAX_PART_BYTES / 4)
    .join('')}%${digest}`
}

const toHex = (character: string): string =>
  character.charCodeAt(0).toString(16).toUpperCase().padStart(2, '0')
