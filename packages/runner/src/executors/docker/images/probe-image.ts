import { isEngineStatus } from '../engine-error.js'
import { findVersion, parseProbe, parsePython, withPythonVersion, type ProbeFacts } from './parse-probe.js'
import { DEFAULT_PATH, SOUGHT_PROGRAMS, type ImageProgram } from './prepared-image.js'
import { runProbe, withProbeContainer, type ProbeContext, type ProbeEnd } from './probe-container.js'
import { formatProbeScript, PYTHON_PROBE } from './probe-script.js'
import { findProgramAt } from './stat-in-container.js'

/** An image to be looked at. */
export interface ImageToProbe {
  readonly id: string
  /** Its own `PATH`. */
  readonly path: string | undefined
  /** The programs to look for beside the usual ones. */
  readonly names: readonly string[]
}

const DEADLINE_MS = 60_000

// Where images without a shell keep what is not on their PATH.
const MORE_FOLDERS = ['/usr/local/bin', '/usr/bin', '/nodejs/bin']

/**
 * Looks at an image: by its own shell, and where it has none from outside.
 *
 * @throws Error when the engine fails; see `isImageGone`.
 */
export async function probeImage(context: ProbeContext, image: ImageToProbe): Promise<ProbeFacts> {
  const script = formatProbeScript(image.names)
  const end = await tryProbe(context, image, ['/bin/sh', '-c', script])
  return parseProbe(end?.output ?? '') ?? probeWithoutShell(context, image)
}

async function probeWithoutShell(context: ProbeContext, image: ImageToProbe): Promise<ProbeFacts> {
  const paths = await findPrograms(context, image)
  const programs: Record<string, ImageProgram> = {}
  for (const [name, path] of paths) programs[name] = { path, version: null }
  for (const name of ['node', 'bash']) {
    const path = paths.get(name)
    if (path === undefined) continue
    const end = await tryProbe(context, image, [path, '--version'])
    programs[name] = { path, version: findVersion(end?.output ?? '') }
  }
  const pythonPath = paths.get('python3')
  const end =
    pythonPath === undefined
      ? undefined
      : await tryProbe(context, image, [pythonPath, '-I', '-B', '-c', PYTHON_PROBE])
  const python = parsePython(end?.output ?? '')
  const facts = { hasShell: false, hasSleep: false, python, path: undefined }
  return { ...facts, programs: withPythonVersion(programs, python) }
}

/** Looks into the files of a container that never runs. */
function findPrograms(
  context: ProbeContext,
  { id, path = DEFAULT_PATH, names }: ImageToProbe,
): Promise<Map<string, string>> {
  const probe = { imageId: id, command: ['/rgrid-never-started'], deadlineMs: DEADLINE_MS }
  const folders = [...new Set([...path.split(':').filter((folder) => folder !== ''), ...MORE_FOLDERS])]
  return withProbeContainer(context, probe, async (container) => {
    const found = new Map<string, string>()
    for (const name of new Set([...SOUGHT_PROGRAMS, ...names]))
      for (const folder of folders) {
        if (found.has(name)) break
        const isThere = (await findProgramAt(context, container.id, `${folder}/${name}`)) !== undefined
        if (isThere) found.set(name, `${folder}/${name}`)
      }
    return found
  })
}

/** Runs a command, and gives `undefined` where it is not in the image or cannot be run. */
async function tryProbe(
  context: ProbeContext,
  { id }: ImageToProbe,
  command: readonly string[],
): Promise<ProbeEnd | undefined> {
  try {
    return await runProbe(context, { imageId: id, command, deadlineMs: DEADLINE_MS })
  } catch (error) {
    // The engine cannot start what is not there, is for another machine, or may not be run by this user.
    if (isEngineStatus(error, 400)) return undefined
    throw error
  }
}
