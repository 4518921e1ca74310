import * as z from 'zod'

const MICRONS_PER_UNIT = 1_000_000
const MS_PER_HOUR = 3_600_000
const AMOUNT = /^(\d{1,9})(?:\.(\d{1,6}))?$/

/** Integer money: 1 currency unit = 1,000,000 microns. Never a float. */
export const micronsSchema = z.int().nonnegative()

/**
 * Reads an amount such as `0.05` into microns.
 *
 * @throws TypeError when the text is not a plain amount with at most six decimals.
 */
export function parseMicrons(text: string): number {
  const [, units, fraction = ''] = AMOUNT.exec(text) ?? []
  if (units === undefined)
    throw new TypeError(`"${text}" is not an amount: write it as 0.05, with at most six decimals`)
  return Number(units) * MICRONS_PER_UNIT + Number(fraction.padEnd(6, '0'))
}

/** Writes microns as an amount with six decimals, such as `0.000417`. */
export function formatMicrons(microns: number): string {
  const units = Math.floor(microns / MICRONS_PER_UNIT)
  return `${units}.${String(microns % MICRONS_PER_UNIT).padStart(6, '0')}`
}

/** What a time costs at a rate per hour, rounded up to the next micron. */
export function chargeMicrons(wallMs: number, micronsPerHour: number): number {
  return Math.ceil((wallMs * micronsPerHour) / MS_PER_HOUR)
}
