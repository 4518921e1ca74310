import { isTerminal } from '@rgrid/protocol'
import { resolve } from 'node:path'
import type { CliContext } from '../context.js'
import { savedOf } from '../errors.js'
import { EXIT } from '../exit-code.js'
import { withClient } from '../with-client.js'
import { note, write, writeJson } from '../write.js'

/** The flags of `rgrid download`. */
export interface DownloadFlags {
  readonly outputDir: string
  readonly json?: boolean
}

/** Saves the files an execution wrote, or those of them that patterns match, and prints where. */
export async function download(
  context: CliContext,
  id: string,
  patterns: readonly string[],
  flags: DownloadFlags,
): Promise<number> {
  const tell = async (saved: readonly string[]): Promise<void> => {
    if (flags.json === true) await writeJson(context, { id, saved })
    else if (saved.length > 0) await write(context.stdout, saved.map((path) => `${path}\n`).join(''))
  }
  return withClient(context, async (client) => {
    const { status, artifacts } = await client.get(id)
    if (!isTerminal(status)) {
      await note(context, `${id} is still ${status}, its files come at its end: rgrid wait ${id}`)
      return EXIT.failure
    }
    const directory = resolve(context.cwd, flags.outputDir)
    const options = patterns.length === 0 ? {} : { only: patterns }
    const saved = await client.download(id, directory, options).catch(async (error: unknown) => {
      await tell(savedOf(error))
      throw error
    })
    await tell(saved)
    if (saved.length > 0) return EXIT.ok
    if (artifacts.length === 0) {
      await note(context, `${id} wrote no files`)
      return EXIT.ok
    }
    await note(context, `none of the ${artifacts.length} files match: rgrid outputs ${id} lists them`)
    return EXIT.failure
  })
}
