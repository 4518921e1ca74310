import { posix } from 'node:path'
import { toRefusal, type ReadText, type Specification } from './specification.js'

/** One logical line of a requirements file. */
interface Line {
  readonly number: number
  readonly text: string
}

const NESTED = /^(?:-r|-c|--requirement|--constraint)(?:\s*=\s*|\s*)(.+)$/
const EDITABLE = /^(?:-e|--editable)(?:\s*=\s*|\s*)(.+)$/
const FIND_LINKS = /^(?:-f|--find-links)(?:\s*=\s*|\s*)(.+)$/
const URL_LIKE = /^[a-z][\w.+-]*:\/\//i
const ARCHIVE = /\.(?:whl|zip|tar|tar\.\w+|tgz)$/i
const MAX_FILES = 100

/**
 * Reads a requirements file and the files that it names with `-r` and `-c`.
 *
 * @throws InstallError when one is missing, or names a path of the caller's machine: the installer has no such files.
 */
export async function readRequirementsFiles(entry: string, readText: ReadText): Promise<Specification> {
  const files = new Map<string, Uint8Array>()
  let packages = 0

  const visit = async (path: string, from: string): Promise<void> => {
    if (files.has(path)) return
    if (files.size === MAX_FILES) throw toRefusal(`${entry} names over ${MAX_FILES} files`)
    const text = await readText(path)
    if (text === undefined) throw toRefusal(`${from}${path}, which is not among the files of the execution`)
    files.set(path, Buffer.from(text))
    for (const line of splitLines(text)) {
      const where = `line ${line.number} of ${path}`
      const nested = NESTED.exec(line.text)?.[1]
      if (nested !== undefined) {
        const target = unquote(nested)
        if (!URL_LIKE.test(target)) await visit(resolve(path, target, where), `${where} names `)
        continue
      }
      const local = findLocalPath(line.text)
      if (local !== undefined)
        throw toRefusal(
          `${where} names the local path ${local}; only packages of an index, and URLs, can be installed`,
        )
      if (!line.text.startsWith('-')) packages++
    }
  }

  await visit(entry, 'the requirements are to be in ')
  return { kind: 'python', files, entry, packages, requiresPython: undefined }
}

/** The path on the machine that a requirement names; `undefined` when it names a package or a URL. */
export function findLocalPath(requirement: string): string | undefined {
  const editable = EDITABLE.exec(requirement)?.[1] ?? FIND_LINKS.exec(requirement)?.[1]
  if (editable === undefined && requirement.startsWith('-')) return undefined
  const [target = ''] = unquote(editable ?? requirement.replace(/^[\w.\s[\],-]+@\s+/, '')).split(/\s/)
  if (/^file:/i.test(target)) return target
  if (URL_LIKE.test(target) || /^git@/.test(target)) return undefined
  const isPath =
    editable !== undefined || /[\\/]/.test(target) || target.startsWith('.') || ARCHIVE.test(target)
  return isPath ? target : undefined
}

function splitLines(text: string): Line[] {
  const lines: Line[] = []
  let open: Line | undefined
  for (const [index, raw] of text
    .replace(/^\uFEFF/, '')
    .split(/\r\n|\r|\n/)
    .entries()) {
    const isComment = /^\s*#/.test(raw)
    const joined: Line =
      open === undefined ? { number: index + 1, text: raw } : { ...open, text: `${open.text} ${raw.trim()}` }
    if (!isComment && joined.text.endsWith('\\')) {
      open = { ...joined, text: joined.text.slice(0, -1) }
      continue
    }
    open = undefined
    lines.push({ ...joined, text: joined.text.replace(/(?:^|\s)#.*$/, '').trim() })
  }
  if (open !== undefined) lines.push(open)
  return lines.filter((line) => line.text.trim() !== '')
}

/** Paths of a requirements file are relative to it. */
function resolve(from: string, target: string, where: string): string {
  const path = posix.normalize(posix.join(posix.dirname(from), target))
  if (posix.isAbsolute(target) || path.startsWith('../'))
    throw toRefusal(`${where} names ${target}, which is outside the files of the execution`)
  return path
}

const unquote = (text: string): string => text.trim().replace(/^(["'])(.*)\1$/, '$2')
