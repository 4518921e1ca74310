import type { InstallRequest } from '../executors/executor.js'
import { parseInlineMetadata } from './inline-metadata.js'
import { readPackageFiles } from './package-files.js'
import { readRequirementsFiles } from './requirements-files.js'
import { toRefusal, type ReadText, type Specification } from './specification.js'

const MAX_FILE_BYTES = 16 * 1024 * 1024

/**
 * Reads what a request asks for.
 *
 * @throws InstallError when a file is missing, or asks for what cannot be installed.
 */
export async function readSpecification(request: InstallRequest): Promise<Specification> {
  const { dependencies, script } = request
  const readText: ReadText = async (path) => {
    const file = request.files.find((candidate) => candidate.path === path)
    if (file === undefined) return undefined
    if (file.size > MAX_FILE_BYTES) throw toRefusal(`${path} is over ${MAX_FILE_BYTES} bytes`)
    return new TextDecoder().decode(await request.readFile(file))
  }
  switch (dependencies.kind) {
    case 'requirements':
      return readRequirementsFiles(dependencies.path, readText)
    case 'inline':
      return parseInlineMetadata(script, (await readText(script)) ?? '')
    case 'package':
      return readPackageFiles(dependencies.path, readText)
  }
}
