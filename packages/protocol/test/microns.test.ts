import { describe, expect, test } from 'vitest'
import { chargeMicrons, formatMicrons, micronsSchema, parseMicrons } from '../src/index.js'

const amounts = [0, 1, 9, 10, 417, 999_999, 1_000_000, 1_000_001, 12_345_678, 999_999_999_999_999]

describe('amounts', () => {
  test.for(amounts)('%s microns come back', (microns) => {
    expect(parseMicrons(formatMicrons(microns))).toBe(microns)
  })

  test('a hundred thousand amounts come back', () => {
    for (let step = 0; step < 100_000; step++) {
      const microns = step * 7_919 + (step % 13)
      if (parseMicrons(formatMicrons(microns)) !== microns) expect.fail(`${microns} did not come back`)
    }
  })

  test.for<[string, number]>([
    ['0', 0],
    ['1', 1_000_000],
    ['0.05', 50_000],
    ['0.1', 100_000],
    ['0.000001', 1],
    ['19.99', 19_990_000],
    ['000.5', 500_000],
    ['999999999.999999', 999_999_999_999_999],
  ])('%s is %s microns', ([text, microns]) => {
    expect(parseMicrons(text)).toBe(microns)
  })

  test.for([
    '',
    '.5',
    '5.',
    '-1',
    '+1',
    '1,5',
    '0.0000001',
    '1e3',
    ' 1',
    '1\n',
    '1000000000',
    'NaN',
    '0x10',
    '١',
  ])('refuses %j and says how to write it', (text) => {
    expect(() => parseMicrons(text)).toThrow(/write it as 0\.05/)
  })

  test.for([-1, 0.5, Number.NaN, Infinity, 2 ** 53])('%s is not a number of microns', (value) => {
    expect(micronsSchema.safeParse(value).success).toBe(false)
  })
})

describe('charges', () => {
  test.for<[number, number, number]>([
    [0, 50_000, 0],
    [3_600_000, 50_000, 50_000],
    [1_800_000, 50_000, 25_000],
    [1, 50_000, 1],
    [72, 50_000, 1],
    [73, 50_000, 2],
    [1_000, 0, 0],
    [0.4, 3_600_000, 1],
  ])('%s ms at %s microns an hour cost %s', ([wallMs, rate, charge]) => {
    expect(chargeMicrons(wallMs, rate)).toBe(charge)
  })

  test('are whole, never less than the exact price, and less than a micron above it', () => {
    for (let wallMs = 0; wallMs < 50_000; wallMs += 37) {
      const charge = chargeMicrons(wallMs, 123_457)
      const exact = (wallMs * 123_457) / 3_600_000

      expect(Number.isSafeInteger(charge)).toBe(true)
      expect(charge).toBeGreaterThanOrEqual(exact)
      expect(charge).toBeLessThan(exact + 1)
    }
  })

  test('stay exact for a day on a runner of 1,000 units an hour', () => {
    expect(chargeMicrons(24 * 3_600_000, 1_000_000_000)).toBe(24_000_000_000)
  })
})
