import * as z from 'zod'
import { cacheSchema } from './cache.js'
import { dependenciesSchema } from './dependencies.js'
import { LIMITS } from './limits.js'
import { linkSchema } from './links.js'
import { patternsSchema } from './path-filter.js'
import { pathSchema } from './paths.js'
import { imageSchema, isolationSchema, networkSchema, resourcesSchema } from './resources.js'
import { prioritySchema, retriesSchema } from './retries.js'
import { executorNameSchema, runtimeSchema } from './runtimes.js'

/** A SHA-256 digest in lowercase hex: the name of a blob. */
export const sha256Schema = z.string().regex(/^[0-9a-f]{64}$/, 'must be a SHA-256 digest in lowercase hex')

const bytes = (text: string): number => Buffer.byteLength(text)

/** Text that can be an argument or an environment value: no NUL, within the kernel's limit for one string. */
const textSchema = z.string().superRefine((text, context) => {
  const fail = (message: string): void => context.addIssue({ code: 'custom', message })
  if (text.includes('\0')) fail('has a NUL character')
  if (!text.isWellFormed()) fail('is not valid Unicode')
  if (bytes(text) > LIMITS.stringBytes) fail(`is over the limit of ${LIMITS.stringBytes} bytes`)
})

/** The arguments of a script. */
export const argsSchema = z
  .array(textSchema)
  .max(LIMITS.args, `more than the limit of ${LIMITS.args} arguments`)
  .refine((args) => args.reduce((sum, arg) => sum + bytes(arg), 0) <= LIMITS.argsTotalBytes, {
    message: `over the limit of ${LIMITS.argsTotalBytes} bytes together`,
  })

const envNameSchema = z
  .string()
  .regex(/^[A-Za-z_][A-Za-z0-9_]*$/, 'a name is letters, digits and _, not starting with a digit')
  .refine((name) => !name.startsWith('RGRID_'), 'names that start with RGRID_ are kept for RGrid')

/** The environment of a script. */
export const envSchema = z
  .record(envNameSchema, textSchema)
  .refine((env) => Object.keys(env).length <= LIMITS.envKeys, {
    message: `more than the limit of ${LIMITS.envKeys} names`,
  })
  .refine(
    (env) =>
      Object.entries(env).reduce((sum, [name, value]) => sum + bytes(name) + bytes(value), 0) <=
      LIMITS.envTotalBytes,
    {
      message: `over the limit of ${LIMITS.envTotalBytes} bytes together`,
    },
  )
  .superRefine((env, context) => {
    for (const [name, value] of Object.entries(env)) {
      if (bytes(name) + 1 + bytes(value) > LIMITS.stringBytes)
        context.addIssue({
          code: 'custom',
          path: [name],
          message: `is over the limit of ${LIMITS.stringBytes} bytes`,
        })
    }
  })

/** The labels of an execution. */
export const labelsSchema = z
  .record(z.string().min(1).max(LIMITS.labelChars), z.string().max(LIMITS.labelChars))
  .refine((labels) => Object.keys(labels).length <= LIMITS.labels, {
    message: `more than the limit of ${LIMITS.labels} labels`,
  })

/** A name of the caller's choosing for one execution of a project. */
export const keySchema = z
  .string()
  .min(1)
  .max(LIMITS.keyChars, `over the limit of ${LIMITS.keyChars} characters`)

/** How long a script may run, in milliseconds. */
export const timeoutMsSchema = z
  .int()
  .min(1)
  .max(LIMITS.timeoutMaxMs, `over the limit of ${LIMITS.timeoutMaxMs} ms (24 h)`)

/** A file by its name in the workspace and its digest. */
export const fileRefSchema = z
  .strictObject({
    path: pathSchema,
    sha256: sha256Schema,
    size: z.int().nonnegative(),
    executable: z.boolean().default(false),
  })
  .meta({ id: 'FileRef', description: 'A file by its name in the workspace and its digest.' })

/** A file by its name in the workspace and its digest. */
export type FileRef = z.infer<typeof fileRefSchema>

/** A file that may bring its bytes along. */
export const fileSchema = fileRefSchema
  .extend({
    data: z
      .base64()
      .max(Math.ceil(LIMITS.inlineFileBytes / 3) * 4)
      .optional(),
  })
  .meta({ id: 'File', description: 'A file, small ones with their bytes in base64.' })

/** A file that may bring its bytes along. */
export type WireFile = z.infer<typeof fileSchema>

/** An argument that the client rewrote so that it names the file's place in the workspace. */
export const rewriteSchema = z.strictObject({ index: z.int().nonnegative(), from: z.string().max(4096) })

/** What to run: the body of `PUT /v1/executions/{id}`. */
export const specSchema = z
  .strictObject({
    script: pathSchema,
    args: argsSchema.default([]),
    env: envSchema.default({}),
    runtime: runtimeSchema,
    executor: executorNameSchema.optional(),
    /** Takes the place of the image that the runner has for the runtime. */
    image: imageSchema.optional(),
    /** What is left out is the runner's default. */
    resources: resourcesSchema.partial().default({}),
    network: networkSchema.optional(),
    isolation: isolationSchema.default('execution'),
    dependencies: dependenciesSchema.optional(),
    timeoutMs: timeoutMsSchema.default(LIMITS.timeoutDefaultMs),
    labels: labelsSchema.default({}),
    /** By it the same request is known again from anywhere: it finds the first execution in place of starting another. */
    key: keySchema.optional(),
    /** What is left out is 0. */
    priority: prioritySchema.optional(),
    retries: retriesSchema.optional(),
    /** What is left out is `false`. */
    cache: cacheSchema.optional(),
    files: z
      .array(fileSchema)
      .min(1)
      .max(LIMITS.inputFiles, `more than the limit of ${LIMITS.inputFiles} files`),
    /** Folders that are there from the start, even when they are empty. */
    folders: z.array(pathSchema).max(LIMITS.inputFiles).default([]),
    rewrites: z.array(rewriteSchema).max(LIMITS.args).default([]),
    /** Which of the files that the script creates or changes come home; all when it is left out. */
    outputs: patternsSchema.optional(),
    /** The file that the script reads as its standard input, which is empty otherwise. */
    stdin: pathSchema.optional(),
    /** Symbolic links that are there from the start. */
    links: z.array(linkSchema).max(LIMITS.inputFiles).optional(),
    /**
     * Whether the script may write to input files of any size. Without it, a runner may let many executions share one
     * large file, which none of them can change then.
     */
    writableInputs: z.boolean().optional(),
  })
  .superRefine(({ script, files, folders, args, rewrites, stdin, links = [] }, context) => {
    const fail = (path: (string | number)[], message: string): void =>
      context.addIssue({ code: 'custom', path, message })
    const scriptFile = files.find(({ path }) => path === script)
    if (scriptFile === undefined) fail(['files'], 'the script is not among the files')
    else if (scriptFile.size > LIMITS.scriptBytes)
      fail(['script'], `is over the limit of ${LIMITS.scriptBytes} bytes`)
    if (files.reduce((sum, { size }) => sum + size, 0) > LIMITS.inputBytes)
      fail(['files'], `over the limit of ${LIMITS.inputBytes} bytes together`)
    for (const [index, message] of findPathConflicts([...files, ...links], folders))
      fail(index < files.length ? ['files', index, 'path'] : ['links', index - files.length, 'path'], message)
    if (rewrites.some(({ index }) => index >= args.length))
      fail(['rewrites'], 'names an argument that is not there')
    if (stdin !== undefined && !files.some(({ path }) => path === stdin))
      fail(['stdin'], 'is not among the files')
  })
  .meta({ id: 'Spec', description: 'What to run.' })

/** What to run, with defaults filled in. */
export type Spec = z.infer<typeof specSchema>

/** What to run, as a client may write it. */
export type SpecInput = z.input<typeof specSchema>

function findPathConflicts(
  files: readonly { path: string }[],
  emptyFolders: readonly string[],
): [number, string][] {
  const seen = new Set<string>()
  const folders = new Set<string>(emptyFolders)
  for (const path of [...files.map((file) => file.path), ...emptyFolders]) {
    const parts = path.split('/')
    for (let depth = 1; depth < parts.length; depth++) folders.add(parts.slice(0, depth).join('/'))
  }
  return files.flatMap(({ path }, index): [number, string][] => {
    if (seen.has(path)) return [[index, 'is there twice']]
    seen.add(path)
    return folders.has(path) ? [[index, 'is a file and a folder at once']] : []
  })
}
