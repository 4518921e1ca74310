import * as z from 'zod'

const CURSOR = /^(\d{1,6})\.(\d{1,15})$/

/** A place in the log of an execution: behind chunk `seq` of attempt `attempt`. */
export interface Cursor {
  readonly attempt: number
  readonly seq: number
}

/** The place before the first log chunk. */
export const LOG_START: Cursor = { attempt: 0, seq: 0 }

/** Writes a cursor as `<attempt>.<seq>`, the form of SSE event ids. */
export const formatCursor = ({ attempt, seq }: Cursor): string => `${attempt}.${seq}`

/** Reads `<attempt>.<seq>`; `undefined` when the text is no cursor. */
export function parseCursor(text: string): Cursor | undefined {
  const [, attempt, seq] = CURSOR.exec(text) ?? []
  return attempt === undefined || seq === undefined
    ? undefined
    : { attempt: Number(attempt), seq: Number(seq) }
}

/** A cursor as text, `<attempt>.<seq>`. */
export const cursorSchema = z.string().regex(CURSOR, 'must be a cursor such as 1.42')
