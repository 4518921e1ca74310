import type { Rerun } from '@rgrid/protocol'
import type { Input, RunOptions } from '../run-options.js'

/** An item of a batch that is more than one argument. */
export interface BatchItemInput {
  /** They take the place of `{}`; those that name local files take them along. @default [] */
  readonly args?: readonly string[]
  /** Beside the environment of all items, or in its place where the names are the same. @default {} */
  readonly env?: Readonly<Record<string, string>>
  /** What it needs beside what all items have; a file takes the place of a common one of the same path. @default [] */
  readonly inputs?: readonly Input[]
  /**
   * A name for its execution, as of a single one: what has the key already stands for the item, however it ended.
   *
   * @default none: what was run before of the same is found without
   */
  readonly key?: string
  /** What people call it. @default its arguments */
  readonly name?: string
}

/** An item of a batch: an argument, which takes a local file of that name along, or more than that. */
export type BatchEach = string | BatchItemInput

/** What a batch is run with. */
export interface BatchOptions extends Omit<RunOptions, 'key' | 'cache'> {
  /**
   * What the script is run over, once for each: a glob such as `images/*.png`, a list, or whatever can be iterated, also
   * while it is still being made. A list and a glob are checked as a whole before anything starts.
   */
  readonly each: string | Iterable<BatchEach> | AsyncIterable<BatchEach>
  /**
   * The arguments of every execution. Each item takes the place of `{}`, or comes last where there is none.
   *
   * @default []
   */
  readonly args?: readonly string[]
  /**
   * How many of its executions run at once, over all runners.
   *
   * @default as many as there is room for
   */
  readonly parallel?: number
  /**
   * Whether the first item that fails cancels the others.
   *
   * @default false
   */
  readonly failFast?: boolean
  /**
   * Which items run although the same was run before: those that `failed`, `all`, or only those that are `missing`. The
   * result of any other comes from the store.
   *
   * @default 'failed'
   */
  readonly rerun?: Rerun
  /**
   * Batches of one lane share the limit of the last of them.
   *
   * @default the same for the same script, directory, arguments and glob
   */
  readonly lane?: string
  /** Cancels the batch when it aborts. */
  readonly signal?: AbortSignal
}
