import {
  argsSchema,
  batchSpecSchema,
  envSchema,
  keySchema,
  LIMITS,
  RGridError,
  type BatchSpec,
} from '@rgrid/protocol'
import { inspect } from 'node:util'
import * as z from 'zod'
import { assertOptions, inputsSchema, toOptionError } from '../check-call.js'
import { defined } from '../defined.js'
import type { Input, RunOptions } from '../run-options.js'
import type { BatchEach, BatchOptions } from './batch-options.js'
import { fillTemplate } from './fill-template.js'

/** A batch whose options have the right form. */
export interface CheckedBatch {
  readonly each: BatchOptions['each']
  /** What is the same for every item, without arguments. */
  readonly common: Omit<RunOptions, 'args'>
  /** The arguments, with their places for items. */
  readonly template: readonly string[]
  readonly settings: Omit<BatchSpec, 'lane'> & { readonly lane: string | undefined }
}

/** An item in its only form. */
export interface CheckedItem {
  readonly values: readonly string[]
  readonly env: Readonly<Record<string, string>>
  readonly inputs: readonly Input[]
  readonly key: string | undefined
  readonly name: string | undefined
}

const settingsSchema = batchSpecSchema.pick({ parallel: true, failFast: true, rerun: true }).extend({
  parallel: z
    .custom<number>(
      (value) => batchSpecSchema.shape.parallel.unwrap().safeParse(value).success && value !== null,
      {
        error: ({ input }) => `${inspect(input)} is not a whole number from 1 to ${LIMITS.batchParallel}`,
      },
    )
    .nullable()
    .default(null),
  lane: batchSpecSchema.shape.lane.optional(),
  args: z.array(z.string('must be text: wrap it in String()'), 'must be an array of texts').default([]),
})

/**
 * Checks what a program passes to `batch`, as far as it is its own; the rest is checked as that of `run`.
 *
 * @throws RGridError `invalid_request` naming the option that is wrong.
 */
export function checkBatch(options: BatchOptions): CheckedBatch {
  assertOptions(options)
  const { each, args, parallel, failFast, rerun, lane, ...common } = options
  const checked = settingsSchema.safeParse(defined({ args, parallel, failFast, rerun, lane }))
  if (!checked.success) throw toOptionError(checked.error)
  if (typeof each !== 'string' && !isIterable(each))
    throw refuse(`each: ${inspect(each)} is neither a glob nor a list of items`)
  if ('key' in common)
    throw refuse('key: names one execution: give it to an item, as in each: [{ args, key }]')
  if ('cache' in common)
    throw refuse('cache: what ran before stands for the items of a batch anyway: rerun says what runs again')
  const { args: template, ...settings } = checked.data
  return {
    each,
    common,
    template,
    settings: { ...settings, lane: settings.lane, labels: common.labels ?? {} },
  }
}

const itemSchema = z.strictObject({
  args: argsSchema.default([]),
  env: envSchema.default({}),
  inputs: inputsSchema.default([]),
  key: keySchema.optional(),
  name: z
    .string()
    .min(1)
    .max(LIMITS.batchNameChars, `is over the limit of ${LIMITS.batchNameChars} characters`)
    .optional(),
})

/**
 * Checks an item, and that the template can take it.
 *
 * @throws RGridError `invalid_request` naming the item by its index.
 */
export function checkItem(input: BatchEach, index: number, template: readonly string[]): CheckedItem {
  const field = `each.${index}`
  const item = itemSchema.safeParse(typeof input === 'string' ? { args: [input] } : input)
  if (!item.success) throw toOptionError(withField(item.error, field))
  const { args: values, env, inputs, key, name } = item.data
  const filled = fillTemplate(template, values)
  if (filled === undefined)
    throw refuse(`${field}: a {} inside of an argument takes one argument of an item, not ${values.length}`)
  const args = argsSchema.safeParse(filled)
  if (!args.success) throw toOptionError(withField(args.error, field, 'args'))
  return { values, env, inputs, key, name }
}

/** Says which item it was. */
const withField = (error: z.ZodError, ...field: string[]): z.ZodError =>
  new z.ZodError(error.issues.map((issue) => ({ ...issue, path: [...field, ...issue.path] })))

/** Says that there are more items than a batch may have. */
export const tooManyItems = (): RGridError =>
  refuse(`each: more than the limit of ${LIMITS.batchItems} items: split them into several batches`)

const isIterable = (value: unknown): boolean =>
  typeof value === 'object' && value !== null && (Symbol.iterator in value || Symbol.asyncIterator in value)

const refuse = (message: string): RGridError => new RGridError('invalid_request', message)
