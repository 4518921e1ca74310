import {
  chooseRuntime,
  RGridError,
  RUNTIMES,
  specSchema,
  toIssues,
  type Runtime,
  type Spec,
} from '@rgrid/protocol'
import { resolve } from 'node:path'
import { checkCall } from './check-call.js'
import { collectFiles, type LocalFile } from './files/collect-files.js'
import { hashFiles } from './files/hash-files.js'
import { readScript } from './files/read-script.js'
import type { RunOptions } from './types.js'

/** A request that is ready to be sent, and where its files are on this machine. */
export interface PreparedSpec {
  readonly spec: Spec
  readonly sources: readonly LocalFile[]
}

/**
 * Turns a call of `run` into a request: checks everything that can be checked here, finds what travels and hashes it.
 *
 * @throws RGridError `invalid_request` or `unknown_runtime`, naming the field, the limit and the next step.
 */
export async function prepareSpec(script: string, options: RunOptions): Promise<PreparedSpec> {
  checkCall(script, options)
  const {
    args = [],
    env = {},
    runtime,
    executor,
    timeoutMs,
    labels = {},
    upload = true,
    cwd = process.cwd(),
  } = options
  const { firstLine } = await readScript(resolve(cwd, script), script)
  const { files: sources, ...collection } = await collectFiles(cwd, script, args, upload)
  const parsed = specSchema.safeParse({
    ...collection,
    env,
    runtime: pickRuntime(script, firstLine, runtime),
    ...(executor === undefined ? {} : { executor }),
    ...(timeoutMs === undefined ? {} : { timeoutMs }),
    labels,
    files: await hashFiles(sources),
  })
  if (parsed.success) return { spec: parsed.data, sources }
  const issues = toIssues(parsed.error)
  throw new RGridError(
    'invalid_request',
    issues.map(({ path, message }) => `${path}: ${message}`).join('; '),
    { issues },
  )
}

function pickRuntime(script: string, firstLine: string, asked: Runtime | undefined): Runtime {
  if (asked !== undefined && !RUNTIMES.includes(asked))
    throw new RGridError(
      'unknown_runtime',
      `runtime: ${JSON.stringify(asked)} is not known: choose one of ${RUNTIMES.join(', ')}`,
    )
  const runtime = asked ?? chooseRuntime(script, firstLine)
  if (runtime !== undefined) return runtime
  throw new RGridError(
    'unknown_runtime',
    `runtime: neither the name nor the first line of ${JSON.stringify(script)} says what runs it: choose one of ${RUNTIMES.join(', ')}`,
  )
}
