import { isTerminal } from '@rgrid/protocol'
import type { Artifact } from '../../types.js'
import type { CliContext } from '../context.js'
import { EXIT } from '../exit-code.js'
import { toArtifactJson } from '../json-shapes.js'
import { formatTable } from '../table.js'
import { widthOf } from '../width.js'
import { withClient } from '../with-client.js'
import { note, write, writeJson } from '../write.js'

/** The flags of `rgrid outputs`. */
export interface OutputsFlags {
  readonly inputs?: boolean
  readonly json?: boolean
}

const HEADER = ['SIZE', 'KIND', 'PATH']

/** Lists the files of an execution. */
export async function outputs(context: CliContext, id: string, flags: OutputsFlags): Promise<number> {
  return withClient(context, async (client) => {
    const { status } = await client.get(id)
    const inputs = flags.inputs === true ? await client.artifacts(id, { kind: 'input' }) : []
    const files = [...inputs, ...(await client.artifacts(id))]
    const { stdout } = context
    if (flags.json === true) await writeJson(context, { id, status, artifacts: files.map(toArtifactJson) })
    else if (files.length > 0)
      await write(
        stdout,
        formatTable([HEADER, ...files.map(toRow)], stdout.isTTY === true ? widthOf(stdout) : undefined),
      )
    if (!isTerminal(status)) await note(context, `${id} is still ${status}, its files come at its end`)
    else if (files.length === 0) await note(context, `${id} wrote no files`)
    return EXIT.ok
  })
}

const toRow = ({ path, size, kind, executable }: Artifact): string[] => [
  String(size),
  executable ? `${kind}, program` : kind,
  path,
]
