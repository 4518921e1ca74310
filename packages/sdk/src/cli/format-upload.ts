import type { UploadProgress } from '../execution/upload-board.js'

const UNITS = [
  [1024 ** 3, 'GiB'],
  [1024 ** 2, 'MiB'],
  [1024, 'KiB'],
] as const

const VERB = { hashing: 'reading', uploading: 'uploading' } as const

/** How far files are on their way, in a few words: `uploading 3 of 10 files, 12.5 of 200.0 MiB`. */
export function formatUpload(progress: UploadProgress): string {
  const { phase, filesDone, filesTotal, bytesDone, bytesTotal } = progress
  const [size, unit] = UNITS.find(([one]) => bytesTotal >= one) ?? [1, 'bytes']
  const digits = size === 1 ? 0 : 1
  const amount = (bytes: number): string => (bytes / size).toFixed(digits)
  return `${VERB[phase]} ${filesDone} of ${filesTotal} files, ${amount(bytesDone)} of ${amount(bytesTotal)} ${unit}`
}
