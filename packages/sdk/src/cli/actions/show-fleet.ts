import type { RGridClient } from '../../types.js'
import type { CliContext } from '../context.js'
import { EXIT } from '../exit-code.js'
import { toPrintable } from '../printable.js'
import { formatTable } from '../table.js'
import { widthOf } from '../width.js'
import { withClient } from '../with-client.js'
import { note, write, writeJson } from '../write.js'

/** The flags of `rgrid runners` and `rgrid runtimes`. */
export interface FleetFlags {
  readonly json?: boolean
}

/** What is listed, and how. */
export interface FleetView<T> {
  readonly name: 'runners' | 'runtimes'
  readonly read: (client: RGridClient) => Promise<readonly T[]>
  readonly header: readonly string[]
  readonly toRow: (one: T) => readonly string[]
  /** What is to be said of one beside its row. */
  readonly toNote?: (one: T) => string | null
}

/** Lists what a server has, or says what to do where it has nothing. */
export async function showFleet<T>(
  context: CliContext,
  { json }: FleetFlags,
  { name, read, header, toRow, toNote = () => null }: FleetView<T>,
): Promise<number> {
  const { list, target } = await withClient(context, async (client) => ({
    list: await read(client),
    target: await client.target(),
  }))
  const { stdout } = context
  if (json === true) await writeJson(context, { [name]: list })
  else if (list.length === 0) await note(context, nextStep(target))
  else {
    const width = stdout.isTTY === true ? widthOf(stdout) : undefined
    await write(stdout, formatTable([header, ...list.map(toRow)], width))
    for (const text of list.map(toNote)) if (text !== null) await note(context, toPrintable(text))
  }
  return EXIT.ok
}

const nextStep = (target: string): string =>
  target === 'embedded'
    ? 'on this machine a runner is there only while something runs: start rgrid up in another terminal to have one that stays'
    : `no runner is connected to ${target}: start one with RGRID_API_KEY=<runner key> rgrid runner --url ${target}`
