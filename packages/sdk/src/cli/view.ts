import type { UploadProgress } from '../execution/upload-board.js'
import type { LogPiece, Result, StatusListener } from '../types.js'
import type { CliContext } from './context.js'
import { createJsonView } from './json-view.js'
import { createTextView } from './text-view.js'

/** How an execution under way is shown. */
export interface View {
  /** @throws OutputError when nobody takes it */
  log(piece: LogPiece): Promise<void>
  readonly status: StatusListener
  /** Files are on their way. */
  upload(progress: UploadProgress): void
  /** The last piece has come. */
  end(): Promise<void>
  result(result: Result, saved: readonly string[]): Promise<void>
  /** Says something of RGrid's own, on a line of its own. */
  readonly note: (text: string) => Promise<void>
}

/** What shapes a view. */
export interface ViewFlags {
  readonly json?: boolean
  readonly quiet?: boolean
  /** Whether a terminal gets control sequences as they are. @default true */
  readonly raw?: boolean
}

/** The view that the flags ask for. */
export const createView = (context: CliContext, flags: ViewFlags): View =>
  flags.json === true ? createJsonView(context) : createTextView(context, flags)
