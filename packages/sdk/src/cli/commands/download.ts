import { idArgument } from '../args/id.js'
import { jsonOption } from '../args/json.js'
import type { DownloadFlags } from '../actions/download.js'
import type { Setup } from '../setup.js'

/** `rgrid download`. */
export function defineDownload({ program, context, finish }: Setup): void {
  program
    .command('download')
    .description('save the files an execution wrote, and print their paths')
    .addArgument(idArgument())
    .argument('[globs...]', "save only what these match, such as 'charts/*.svg' or '!**/*.tmp'")
    .option('-o, --output-dir <dir>', 'where to put them', '.')
    .addOption(jsonOption())
    .action(async (id: string, globs: string[], flags: DownloadFlags) => {
      const { download } = await import('../actions/download.js')
      finish(await download(context, id, globs, flags))
    })
}
