import { resolve } from 'node:path'
import { defined } from '../../defined.js'
import { toRetention, type RetentionFlags } from '../args/retention.js'
import type { CliContext } from '../context.js'
import type { EmbeddedModule } from '../../load-embedded.js'
import { explainBusyPort } from '../explain-busy-port.js'
import { serveUntilInterrupted } from '../serve-until-interrupted.js'
import { note, writeJson } from '../write.js'

/** The flags of `rgrid server`. */
export interface ServerFlags extends RetentionFlags {
  readonly host: string
  readonly port: number
  readonly dataDir?: string
  readonly allowProcess?: boolean
  readonly maxCpus?: number
  /** In MiB. */
  readonly maxMemory?: number
  readonly maxPids?: number
  /** In MiB. */
  readonly maxDisk?: number
  readonly allowImage?: readonly string[]
  readonly json?: boolean
}

/** Runs a server here until Ctrl-C. */
export async function server(context: CliContext, flags: ServerFlags): Promise<number> {
  const { host, port, dataDir, allowProcess = false, json } = flags
  const { startServer } = await context.loadEmbedded()
  const started = startServer({
    host,
    port,
    allowProcess,
    ceilings: defined({
      cpus: flags.maxCpus,
      memoryMib: flags.maxMemory,
      pids: flags.maxPids,
      diskMib: flags.maxDisk,
    }),
    images: flags.allowImage ?? [],
    retention: toRetention(flags),
    ...(dataDir === undefined ? {} : { dataDirectory: resolve(context.cwd, dataDir) }),
  })
  const service = await started.catch((error: unknown) => explainBusyPort(context, port, error))
  const { url, keys } = service
  if (json === true) await writeJson(context, keys === undefined ? { url } : { url, keys })
  await note(context, `server at ${url}; Ctrl-C stops it`)
  if (json !== true) await showKeys(context, service)
  return serveUntilInterrupted(context, service)
}

type StartedServer = Awaited<ReturnType<EmbeddedModule['startServer']>>

async function showKeys(context: CliContext, { url, keys }: StartedServer): Promise<void> {
  if (keys === undefined) return
  await note(context, 'its first keys, shown only now:')
  await note(context, `  admin   ${keys.admin}`)
  await note(context, `  runner  ${keys.runner}`)
  await note(context, `where scripts come from: rgrid init --url ${url}   (and paste the admin key)`)
  await note(context, `where scripts run:       RGRID_API_KEY=<runner key> rgrid runner --url ${url}`)
}
