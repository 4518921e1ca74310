import { InvalidArgumentError, Option } from 'commander'

const SIZE = /^(\d+(?:\.\d+)?)(?:([mgt])(?:i?b)?)?$/i
const MIB: Readonly<Record<string, number>> = { m: 1, g: 1024, t: 1024 * 1024 }

/** A flag with an amount of memory or disk, in MiB. */
export const sizeOption = (flags: string, description: string): Option =>
  new Option(flags, description).argParser(parseSize)

function parseSize(text: string): number {
  const [, amount, unit = 'm'] = SIZE.exec(text) ?? []
  const mib = Number(amount) * (MIB[unit.toLowerCase()] ?? NaN)
  if (Number.isSafeInteger(mib) && mib > 0) return mib
  throw new InvalidArgumentError('Write it as 512, 64m or 1g: whole MiB, where no unit says otherwise.')
}
