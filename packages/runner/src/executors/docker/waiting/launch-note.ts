import * as z from 'zod'

const amount = z.number().nullable()

const launchNoteSchema = z.strictObject({
  version: z.literal(2),
  /** What the runner wants to know again. */
  memo: z.string(),
  /** What the container's shell was told, which may be told it again. */
  verb: z.enum(['run', 'wake']),
  token: z.string(),
  /** What says where the output ends, in hexadecimal digits: the container does not know it before the script is over. */
  endMark: z.hex(),
  /** In milliseconds since 1970, by the clock of this machine. */
  startedAt: z.number(),
  deadlineMs: z.number(),
  inputBytes: z.number(),
  /** What the script runs in. */
  environment: z.string(),
  memoryMib: z.number(),
  diskMib: z.number(),
  layer: z
    .strictObject({ key: z.string(), directory: z.string(), kind: z.enum(['python', 'node']) })
    .nullable(),
  /** What was seen of the container before the script. */
  before: z
    .strictObject({ processes: z.number(), cpuSeconds: amount, peakMemoryBytes: amount, oomKills: amount })
    .nullable(),
})

/** All that has to be known of a script that runs in a container that was waiting, to follow it to its end. */
export type LaunchNote = z.infer<typeof launchNoteSchema>

/** Reads a note; `undefined` when it is none, or one of another version. */
export function parseLaunchNote(text: string): LaunchNote | undefined {
  try {
    return launchNoteSchema.safeParse(JSON.parse(text)).data
  } catch (error) {
    if (error instanceof SyntaxError) return undefined
    throw error
  }
}
