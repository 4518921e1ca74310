/** Where a runner says what it does. The library itself never prints. */
export interface Logger {
  info(message: string): void
  warn(message: string): void
}

/** Says nothing. */
export const SILENT: Logger = { info: () => undefined, warn: () => undefined }
