import { statfs } from 'node:fs/promises'
import { SILENT, type Logger } from './logger.js'

/** How much is free of the disk of a directory, in MiB. */
export type MeasureFreeMib = (directory: string) => Promise<number>

/** Which disk, and what of it has to stay free: the options of a runner. */
export interface ShortageOptions {
  readonly workDirectory: string
  /** @default 0: nothing, and nobody looks */
  readonly minFreeDiskMib?: number
  /** @default asks the file system */
  readonly measureFreeMib?: MeasureFreeMib
  /** @default says nothing */
  readonly logger?: Logger
}

const MIB = 1024 * 1024

/** Makes what says how much of the disk is short, where it is, and writes each shortage to the log once. */
export function createShortageWatch(options: ShortageOptions): () => Promise<string | undefined> {
  const { workDirectory, minFreeDiskMib = 0, measureFreeMib = askFileSystem, logger = SILENT } = options
  let isShort = false
  return async () => {
    const freeMib = minFreeDiskMib > 0 ? await measureFreeMib(workDirectory) : Infinity
    const wasShort = isShort
    isShort = freeMib < minFreeDiskMib
    if (!isShort) return undefined
    const shortage = `${formatCount(freeMib)} MiB of disk are free, ${formatCount(minFreeDiskMib)} have to stay so`
    if (!wasShort) logger.warn(`nothing is claimed: ${shortage}`)
    return shortage
  }
}

const formatCount = (count: number): string => count.toLocaleString('en')

async function askFileSystem(directory: string): Promise<number> {
  const { bavail, bsize } = await statfs(directory)
  return Math.floor((bavail * bsize) / MIB)
}
