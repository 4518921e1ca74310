/** Where the server writes what happened. Fields never hold secrets. */
export interface Logger {
  info(message: string, fields?: Readonly<Record<string, unknown>>): void
  error(message: string, fields?: Readonly<Record<string, unknown>>): void
}

/** Writes nothing. */
export const SILENT: Logger = { info: () => undefined, error: () => undefined }
