import {
  imageSchema,
  LIMITS,
  patternsSchema,
  resourcesSchema,
  RGridError,
  toIssues,
  type Resources,
} from '@rgrid/protocol'
import { inspect } from 'node:util'
import * as z from 'zod'
import type { InputData } from './files/spool.js'
import type { RunOptions } from './run-options.js'

/** A number within bounds; one that is not is named with its value and the bounds. */
const amount = (name: keyof Resources, what: string, min: number, max: number) =>
  z.custom<number>((value) => resourcesSchema.shape[name].safeParse(value).success, {
    error: ({ input }) => `${inspect(input)} is not ${what} from ${min} to ${max}`,
  })

const choice = <T extends string>(...values: readonly T[]) =>
  z.custom<T>((value) => values.some((one) => one === value), {
    error: ({ input }) => `${inspect(input)} is not one of ${values.join(', ')}`,
  })

const flag = z.boolean('must be true or false')

const isData = (value: unknown): value is InputData =>
  typeof value === 'string' ||
  value instanceof Uint8Array ||
  (typeof value === 'object' && value !== null && Symbol.asyncIterator in value)

const DATA = 'text, a Uint8Array or a stream of either'
const path = z.string('must be the path of a file, as text')

const inputSchema = z.union(
  [
    z.string(),
    z.strictObject({ path, data: z.custom<InputData>(isData) }),
    z.strictObject({ path, file: path }),
  ],
  `must be a path or pattern as text, or { path, data } with ${DATA}, or { path, file }`,
)

/** The option `inputs`. */
export const inputsSchema = z.array(inputSchema, 'must be an array')

const stdinSchema = z.union(
  [z.custom<InputData>(isData), z.strictObject({ file: path })],
  `must be ${DATA}, or { file }`,
)

/** The forms of all options; other values are checked with the request that they become part of. */
const callSchema = z.strictObject({
  script: z.string('must be the path of a file, as text'),
  args: z.array(z.string('must be text: wrap it in String()'), 'must be an array of texts').optional(),
  inputs: inputsSchema.optional(),
  stdin: stdinSchema.optional(),
  writableInputs: flag.optional(),
  env: z.record(z.string(), z.string('must be text: wrap it in String()')).optional(),
  runtime: z.string().optional(),
  executor: z.string().optional(),
  image: z
    .custom<string>((value) => imageSchema.safeParse(value).success, {
      error: ({ input }) => `${inspect(input)} is not the name of an image, such as python:3.12-slim`,
    })
    .optional(),
  cpus: amount('cpus', 'a number of CPUs', LIMITS.cpusMin, LIMITS.cpusMax).optional(),
  memoryMib: amount(
    'memoryMib',
    'a whole number of MiB',
    LIMITS.memoryMinMib,
    LIMITS.memoryMaxMib,
  ).optional(),
  pids: amount('pids', 'a whole number of processes', 1, LIMITS.pidsMax).optional(),
  diskMib: amount('diskMib', 'a whole number of MiB', 1, LIMITS.diskMaxMib).optional(),
  network: choice('none', 'bridge').optional(),
  isolation: choice('execution', 'shared').optional(),
  requirements: z.string('must be the path of a file, as text').optional(),
  dependencies: flag.optional(),
  timeoutMs: z.number('must be a number of milliseconds').optional(),
  key: z.string('must be text').optional(),
  labels: z.record(z.string(), z.string()).optional(),
  priority: z.unknown().optional(),
  retries: z.unknown().optional(),
  cache: z.unknown().optional(),
  upload: flag.optional(),
  outputs: patternsSchema.optional(),
  cwd: z.string().optional(),
  signal: z.custom<AbortSignal>((value) => value instanceof AbortSignal, 'must be an AbortSignal').optional(),
})

/**
 * Checks what a program without types passes to `run`.
 *
 * @throws RGridError `invalid_request` naming the option that is wrong or unknown.
 */
export function checkCall(script: string, options: RunOptions): void {
  assertOptions(options)
  const call = callSchema.safeParse({ ...options, script })
  if (!call.success) throw toOptionError(call.error)
}

/**
 * Checks that options are an object.
 *
 * @throws RGridError `invalid_request`
 */
export function assertOptions(options: unknown): void {
  if (typeof options !== 'object' || options === null || Array.isArray(options))
    throw new RGridError('invalid_request', `options: ${inspect(options)} is not an object of options`)
}

/** Says in one line which options are wrong and why. */
export function toOptionError(error: z.ZodError): RGridError {
  const issues = toIssues(error)
  const text = issues
    .map(({ path, message }) => `${path === '(body)' ? 'options' : path}: ${message}`)
    .join('; ')
  return new RGridError('invalid_request', text, { issues })
}
