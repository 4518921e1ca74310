import { findLocalPath } from './requirements-files.js'
import { toRefusal, type Specification } from './specification.js'

const REQUIREMENTS = 'requirements.txt'
const CLOSE = '# ///'

/**
 * Reads the packages that a Python script names in its own comments (PEP 723). Its code does not count, so that an
 * edit of it finds the same layer again.
 *
 * @throws InstallError when there is no such metadata, it is there twice, or it is not what the PEP asks for.
 */
export async function parseInlineMetadata(script: string, text: string): Promise<Specification> {
  const blocks = findBlocks(text)
  const [block] = blocks
  if (block === undefined) throw toRefusal(`${script} has no inline metadata: no closed "# /// script" block`)
  if (blocks.length > 1)
    throw toRefusal(`${script} has ${blocks.length} "# /// script" blocks; one is allowed`)
  const metadata = await parseToml(script, block)
  const dependencies = readStrings(script, metadata['dependencies'])
  for (const dependency of dependencies) checkDependency(script, dependency)
  const requiresPython = metadata['requires-python']
  if (requiresPython !== undefined && typeof requiresPython !== 'string')
    throw toRefusal(`"requires-python" in the inline metadata of ${script} is not a string`)
  const lines = dependencies.map((dependency) => `${dependency}\n`).join('')
  const files = new Map([[REQUIREMENTS, Buffer.from(lines)]])
  return { kind: 'python', files, entry: REQUIREMENTS, packages: dependencies.length, requiresPython }
}

/**
 * Finds the contents of the blocks named `script`, as the expression in the PEP does, but in one pass: that expression
 * takes quadratic time on a script made for it. A block lasts until the last closing line of its comment.
 */
function findBlocks(text: string): string[] {
  const lines = text.replace(/^\uFEFF/, '').split(/\r\n|\r|\n/)
  const blocks: string[] = []
  for (let at = 0; at < lines.length; at++) {
    const type = /^# \/\/\/ ([a-zA-Z0-9-]+)$/.exec(lines[at] ?? '')?.[1]
    if (type === undefined) continue
    let end = at + 1
    let close = -1
    for (; isContent(lines[end]); end++) if (lines[end] === CLOSE && end > at + 1) close = end
    if (close === -1) {
      // Without a closing line nothing in this comment is a block.
      at = end - 1
      continue
    }
    if (type === 'script') blocks.push(uncomment(lines.slice(at + 1, close)))
    at = close
  }
  return blocks
}

const isContent = (line: string | undefined): boolean => line === '#' || line?.startsWith('# ') === true

const uncomment = (lines: readonly string[]): string =>
  lines.map((line) => `${line.startsWith('# ') ? line.slice(2) : line.slice(1)}\n`).join('')

async function parseToml(script: string, text: string): Promise<Record<string, unknown>> {
  const { parse } = await import('smol-toml')
  try {
    return parse(text)
  } catch (error) {
    const [reason = ''] = (error instanceof Error ? error.message : String(error)).split('\n')
    throw toRefusal(`the inline metadata of ${script} is not TOML: ${reason}`)
  }
}

function readStrings(script: string, value: unknown): string[] {
  if (value === undefined) return []
  const isList = Array.isArray(value) && value.every((item): item is string => typeof item === 'string')
  if (!isList) throw toRefusal(`"dependencies" in the inline metadata of ${script} is not a list of strings`)
  return value.map((item: string) => item.trim())
}

function checkDependency(script: string, dependency: string): void {
  if (
    dependency === '' ||
    dependency.startsWith('-') ||
    dependency.startsWith('#') ||
    /[\r\n\\]/.test(dependency)
  )
    throw toRefusal(`"${dependency}" in the inline metadata of ${script} is not a requirement`)
  const local = findLocalPath(dependency)
  if (local !== undefined)
    throw toRefusal(
      `the inline metadata of ${script} names the local path ${local}; only packages of an index, and URLs, can be installed`,
    )
}
