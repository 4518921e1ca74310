import { isTerminal } from '@rgrid/protocol'
import { resolve } from 'node:path'
import { saveArtifacts } from '../../files/save-artifacts.js'
import type { CliContext } from '../context.js'
import { EXIT } from '../exit-code.js'
import { withClient } from '../with-client.js'
import { note, write, writeJson } from '../write.js'

/** The flags of `rgrid download`. */
export interface DownloadFlags {
  readonly output: string
  readonly json?: boolean
}

/** Saves the files an execution wrote, and prints where. */
export async function download(context: CliContext, id: string, flags: DownloadFlags): Promise<number> {
  return withClient(context, async (client) => {
    const { status } = await client.get(id)
    if (!isTerminal(status)) {
      await note(context, `${id} is still ${status}, its files come at its end: rgrid wait ${id}`)
      return EXIT.failure
    }
    const saved = await saveArtifacts(await client.artifacts(id), resolve(context.cwd, flags.output))
    if (flags.json === true) await writeJson(context, { id, saved })
    else if (saved.length === 0) await note(context, `${id} wrote no files`)
    else await write(context.stdout, saved.map((path) => `${path}\n`).join(''))
    return EXIT.ok
  })
}
