import { RUNTIMES, runtimeSchema, type Runtime } from '@rgrid/protocol'
import { readFile } from 'node:fs/promises'
import * as z from 'zod'
import { parseImages } from './parse-images.js'
import type { PreparedImage } from './prepared-image.js'

/** What installs the dependencies of scripts. */
export type InstallerName = 'pip' | 'npm'

/** What a runtime is, in containers. */
export interface RuntimeEntry {
  readonly image: string
  /** What runs a script: a program found on the image's `PATH`, or an absolute path in it, and its first arguments. */
  readonly command: readonly string[]
  readonly installer: InstallerName | null
}

/** What each runtime is, in containers. */
export type RuntimeTable = Readonly<Record<Runtime, RuntimeEntry>>

const python = (image: string): RuntimeEntry => ({ image, command: ['python3'], installer: 'pip' })
const node = (image: string): RuntimeEntry => ({ image, command: ['node'], installer: 'npm' })

/** What runtimes are where nothing else is configured; a bare family means its preferred version. */
export const DEFAULT_RUNTIMES: RuntimeTable = {
  python: python('python:3.12-slim'),
  'python3.11': python('python:3.11-slim'),
  'python3.12': python('python:3.12-slim'),
  'python3.13': python('python:3.13-slim'),
  node: node('node:22-slim'),
  node20: node('node:20-slim'),
  node22: node('node:22-slim'),
  node24: node('node:24-slim'),
  bash: { image: 'debian:stable-slim', command: ['bash'], installer: null },
}

const entrySchema = z.strictObject({
  image: z.string().regex(/^\S+$/, 'is not the name of an image').optional(),
  command: z.array(z.string().min(1)).min(1).optional(),
  installer: z.enum(['pip', 'npm']).nullable().optional(),
})

const fileSchema = z.partialRecord(runtimeSchema, entrySchema)

/**
 * Reads a table of runtimes from JSON, such as a file that `RGRID_RUNTIMES` names. A runtime or a field that is not
 * there keeps its default.
 *
 * @example
 * parseRuntimes('{ "python3.12": { "image": "my/python:3.12", "command": ["python3", "-X", "utf8"] } }')
 *
 * @throws TypeError naming the field that is wrong.
 */
export function parseRuntimes(text: string): RuntimeTable {
  let json: unknown
  try {
    json = JSON.parse(text)
  } catch (error) {
    throw new TypeError(`the table of runtimes is not JSON: ${toMessage(error)}`, { cause: error })
  }
  const { success, data, error } = fileSchema.safeParse(json)
  if (!success) throw new TypeError(describeIssues(error), { cause: error })
  const entries = RUNTIMES.map((runtime) => [runtime, mergeEntry(DEFAULT_RUNTIMES[runtime], data[runtime])])
  return toTable(Object.fromEntries(entries))
}

/**
 * Makes the table of runtimes from the environment: `RGRID_RUNTIMES` names a JSON file, and `RGRID_IMAGES` replaces
 * images, also those of the file.
 *
 * @throws TypeError when either is wrong.
 */
export async function loadRuntimes(env: NodeJS.ProcessEnv = process.env): Promise<RuntimeTable> {
  const file = env['RGRID_RUNTIMES'] ?? ''
  const table = file === '' ? DEFAULT_RUNTIMES : await readRuntimes(file)
  return withImages(table, env['RGRID_IMAGES'] ?? '')
}

/**
 * What runs a script of a runtime in an image, with the program's absolute path.
 *
 * @returns `undefined` when the image does not have the program.
 */
export function findCommand(
  { command }: RuntimeEntry,
  { programs }: PreparedImage,
): readonly string[] | undefined {
  const [program = '', ...args] = command
  const path = program.startsWith('/') ? program : programs[program]?.path
  return path === undefined ? undefined : [path, ...args]
}

async function readRuntimes(file: string): Promise<RuntimeTable> {
  try {
    return parseRuntimes(await readFile(file, 'utf8'))
  } catch (error) {
    throw new TypeError(`RGRID_RUNTIMES: ${file}: ${toMessage(error)}`, { cause: error })
  }
}

function withImages(table: RuntimeTable, text: string): RuntimeTable {
  const images = parseImages(text)
  const entries = RUNTIMES.map((runtime) => [runtime, mergeEntry(table[runtime], { image: images[runtime] })])
  return toTable(Object.fromEntries(entries))
}

function mergeEntry(entry: RuntimeEntry, change: z.infer<typeof entrySchema> = {}): RuntimeEntry {
  const { image = entry.image, command = entry.command, installer = entry.installer } = change
  return { image, command, installer }
}

const tableSchema = z.record(runtimeSchema, entrySchema.required())

const toTable = (value: unknown): RuntimeTable => tableSchema.parse(value)

function describeIssues({ issues }: z.ZodError): string {
  const words = issues.map((issue) => {
    if (issue.code === 'invalid_key' || (issue.code === 'unrecognized_keys' && issue.path.length === 0))
      return `${toNames(issue)} is not a runtime; the runtimes are ${RUNTIMES.join(', ')}`
    return `${issue.path.join('.') || 'the table'}: ${issue.message}`
  })
  return words.join('; ')
}

function toNames(issue: z.core.$ZodIssue): string {
  return 'keys' in issue ? issue.keys.map((key) => `"${key}"`).join(', ') : `"${issue.path.join('.')}"`
}

const toMessage = (error: unknown): string => (error instanceof Error ? error.message : String(error))
