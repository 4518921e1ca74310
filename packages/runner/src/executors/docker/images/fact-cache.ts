import { mkdir, readFile, rename, writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import * as z from 'zod'
import { withTemporary } from './temporaries.js'
import type { Traces } from './traces.js'

// To be raised with every change to what is looked for: older files are then written anew.
const VERSION = 1

const programSchema = z.object({ path: z.string(), version: z.string().nullable() })

const recordSchema = z.object({
  version: z.literal(VERSION),
  id: z.string(),
  /** The programs that were looked for beside the usual ones. */
  names: z.array(z.string()),
  hasShell: z.boolean(),
  hasSleep: z.boolean(),
  programs: z.record(z.string(), programSchema),
  tools: z.object({ pip: z.boolean(), uv: z.boolean(), npm: z.boolean() }),
  path: z.string().nullable(),
  /** `untried` where containers do not see what is on this machine. */
  pycache: z.enum(['unneeded', 'untried', 'made', 'impossible']),
})

/** What a preparation found, as it is kept on disk. */
export type ImageRecord = Omit<z.infer<typeof recordSchema>, 'version'>

/** Results of preparations in `<directory>/images`, which several runners may share. */
export interface FactCache {
  /** Gives `undefined` for what is not there or not readable. */
  read(id: string): Promise<ImageRecord | undefined>
  write(record: ImageRecord): Promise<void>
  /** Where the compiled standard library of an image is, if it is. */
  getPycacheDirectory(id: string): string
}

/** Opens the cache in a directory, which is made at the first write. */
export function openFactCache(directory: string, traces: Traces): FactCache {
  const folder = join(directory, 'images')
  const toFile = (id: string): string => join(folder, `${toFileName(id)}.json`)
  return {
    async read(id) {
      const text = await readFile(toFile(id), 'utf8').catch(() => undefined)
      const { data } = recordSchema.safeParse(parse(text))
      return data?.id === id ? data : undefined
    },
    async write(record) {
      await mkdir(folder, { recursive: true, mode: 0o700 })
      await withTemporary(traces, toFile(record.id), async (temporary) => {
        await writeFile(temporary, JSON.stringify({ version: VERSION, ...record }, undefined, 2))
        await rename(temporary, toFile(record.id))
      })
    },
    getPycacheDirectory: (id) => join(directory, 'pycache', toFileName(id)),
  }
}

const toFileName = (id: string): string => id.replaceAll(/[^\w.-]/g, '-')

function parse(text: string | undefined): unknown {
  try {
    return text === undefined ? undefined : JSON.parse(text)
  } catch {
    return undefined
  }
}
