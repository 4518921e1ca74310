import { parseMicrons, RGridError, type ExecutorName } from '@rgrid/protocol'
import type { CliContext } from '../context.js'
import { createCliLogger } from '../create-cli-logger.js'
import { messageOf, UsageError } from '../errors.js'
import { serveUntilInterrupted } from '../serve-until-interrupted.js'
import { note } from '../write.js'

/** The flags of `rgrid runner`. */
export interface RunnerFlags {
  readonly url?: string
  readonly slots: number
  readonly executor?: readonly ExecutorName[]
  readonly allowProcess?: boolean
  readonly pricePerHour: string
}

const FIRST_CONTACT_MS = 2_000

/** Runs the executions of a server here until Ctrl-C. */
export async function runner(context: CliContext, flags: RunnerFlags): Promise<number> {
  const { slots, allowProcess = false } = flags
  const url = readUrl(context, flags)
  const executors = readExecutors(flags)
  const micronsPerHour = readPrice(flags.pricePerHour)
  const apiKey = readKey(context)
  const { startRunner } = await context.loadEmbedded()
  const fault = await findContactFault(url)
  if (fault !== undefined) await note(context, `no answer from ${url} (${fault}), trying again for a while…`)
  const options = { url, apiKey, slots, executors, allowProcess, micronsPerHour }
  const service = await startRunner({ ...options, logger: createCliLogger(context) })
  await note(
    context,
    `runner ${service.name} takes executions of ${url} (${executors.join(', ')}; slots: ${slots}); Ctrl-C stops it`,
  )
  return serveUntilInterrupted(context, service)
}

/** Why the server cannot be reached now; it may only be starting. What is wrong with the URL the runner itself says. */
async function findContactFault(url: string): Promise<string | undefined> {
  if (!URL.canParse(url)) return undefined
  try {
    await fetch(`${url.replace(/\/+$/, '')}/healthz`, {
      signal: AbortSignal.timeout(FIRST_CONTACT_MS),
      redirect: 'manual',
    })
    return undefined
  } catch (error) {
    const cause = error instanceof Error ? (error.cause ?? error) : error
    return cause instanceof Error && 'code' in cause ? String(cause.code) : messageOf(cause)
  }
}

function readUrl({ env }: CliContext, flags: RunnerFlags): string {
  const url = flags.url ?? env['RGRID_URL'] ?? ''
  if (url === '') throw new UsageError('which server? Give its URL with --url or in RGRID_URL')
  return url
}

function readKey({ env }: CliContext): string {
  const key = env['RGRID_API_KEY'] ?? ''
  if (key === '')
    throw new RGridError(
      'unauthenticated',
      'a runner needs a key of its server with the scope runner in RGRID_API_KEY',
    )
  return key
}

function readExecutors({ executor, allowProcess = false }: RunnerFlags): readonly ExecutorName[] {
  const executors = executor ?? (allowProcess ? ['docker', 'process'] : ['docker'])
  if (executors.includes('process') && !allowProcess)
    throw new UsageError(
      '--executor process runs scripts of others without isolation: add --allow-process if you trust all of them',
    )
  return [...new Set(executors)]
}

function readPrice(text: string): number {
  try {
    return parseMicrons(text)
  } catch (error) {
    throw new UsageError(`--price-per-hour ${messageOf(error)}`, { cause: error })
  }
}
