import { posix } from 'node:path'
import * as z from 'zod'
import { toRefusal, type ReadText, type Specification } from './specification.js'

const MANIFEST = 'package.json'
// In npm's own order of preference.
const LOCKFILES = ['npm-shrinkwrap.json', 'package-lock.json']
const OTHER_LOCKFILES = ['yarn.lock', 'pnpm-lock.yaml', 'bun.lock']

const objectSchema = z.record(z.string(), z.unknown())
const lockSchema = z.looseObject({
  packages: z
    .record(z.string(), z.looseObject({ resolved: z.string().optional(), link: z.boolean().optional() }))
    .optional(),
})

/**
 * Reads `package.json` and npm's lockfile of a folder. The folder's own scripts are left out: they would run on files
 * that are not there.
 *
 * @throws InstallError when one is missing or unreadable, or names packages of the caller's machine.
 */
export async function readPackageFiles(folder: string, readText: ReadText): Promise<Specification> {
  const read = (name: string): Promise<string | undefined> => readText(posix.join(folder, name))
  const manifest = await read(MANIFEST)
  if (manifest === undefined)
    throw toRefusal(`${posix.join(folder, MANIFEST)} is not among the files of the execution`)
  const { scripts: _scripts, ...rest } = parseJson(posix.join(folder, MANIFEST), manifest, objectSchema)
  const [name, lock] = await findLockfile(folder, read)
  const { packages = {} } = parseJson(posix.join(folder, name), lock, lockSchema)
  for (const [path, { link, resolved }] of Object.entries(packages))
    if (link === true || resolved?.startsWith('file:') === true)
      throw toRefusal(
        `${posix.join(folder, name)} has ${path} on a local path, which cannot be installed: run with --no-dependencies where the script does not need it`,
      )
  const files = new Map([
    [MANIFEST, Buffer.from(JSON.stringify(rest))],
    [name, Buffer.from(lock)],
  ])
  const count = Object.keys(packages).filter((path) => path !== '').length
  return { kind: 'node', files, entry: '.', packages: count, requiresPython: undefined }
}

async function findLockfile(
  folder: string,
  read: (name: string) => Promise<string | undefined>,
): Promise<[string, string]> {
  for (const name of LOCKFILES) {
    const text = await read(name)
    if (text !== undefined) return [name, text]
  }
  for (const name of OTHER_LOCKFILES)
    if ((await read(name)) !== undefined)
      throw toRefusal(
        `${posix.join(folder, name)} is not npm's; "npm install --package-lock-only" makes one that is`,
      )
  const path = posix.join(folder, MANIFEST)
  throw toRefusal(`${path} has no package-lock.json beside it; "npm install --package-lock-only" makes one`)
}

function parseJson<T>(path: string, text: string, schema: z.ZodType<T>): T {
  let value: unknown
  try {
    value = JSON.parse(text.replace(/^\uFEFF/, ''))
  } catch (error) {
    throw toRefusal(`${path} is not JSON: ${error instanceof Error ? error.message : String(error)}`)
  }
  const parsed = schema.safeParse(value)
  if (!parsed.success)
    throw toRefusal(`${path} is not what npm writes: ${parsed.error.issues[0]?.message ?? ''}`)
  return parsed.data
}
