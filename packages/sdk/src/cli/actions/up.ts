import type { ExecutorName } from '@rgrid/protocol'
import { resolve } from 'node:path'
import { toRetention, type RetentionFlags } from '../args/retention.js'
import type { CliContext } from '../context.js'
import { createCliLogger } from '../create-cli-logger.js'
import { explainBusyPort } from '../explain-busy-port.js'
import { serveUntilInterrupted } from '../serve-until-interrupted.js'
import { note, writeJson } from '../write.js'

/** The flags of `rgrid up`. */
export interface UpFlags extends RetentionFlags {
  readonly port: number
  readonly slots: number
  readonly executor?: ExecutorName
  readonly dataDir?: string
  readonly json?: boolean
}

/** Runs a server and a runner here until Ctrl-C. */
export async function up(context: CliContext, flags: UpFlags): Promise<number> {
  const { port, slots, executor, dataDir, json } = flags
  const { startUp } = await context.loadEmbedded()
  const started = startUp({
    port,
    slots,
    logger: createCliLogger(context),
    ...(executor === undefined ? {} : { executors: [executor] }),
    retention: toRetention(flags),
    ...(dataDir === undefined ? {} : { dataDirectory: resolve(context.cwd, dataDir) }),
  })
  const service = await started.catch((error: unknown) => explainBusyPort(context, port, error))
  if (json === true) await writeJson(context, { url: service.url })
  await note(context, `up at ${service.url} with ${slots} ${slots === 1 ? 'slot' : 'slots'}; Ctrl-C stops it`)
  await note(context, 'in another terminal: rgrid run SCRIPT')
  return serveUntilInterrupted(context, service)
}
