import type { BigIntStats } from 'node:fs'

/** What says whether a file was changed or replaced. */
export type FileMark = Pick<BigIntStats, 'dev' | 'ino' | 'mtimeNs' | 'size'>

/** Whether a file is the same as before, as far as its marks tell. */
export const isSameMark = (before: FileMark, after: FileMark): boolean =>
  before.dev === after.dev &&
  before.ino === after.ino &&
  before.mtimeNs === after.mtimeNs &&
  before.size === after.size
