import { readFileSync } from 'node:fs'
import { describe, expect, test } from 'vitest'
import { CLIENT_ERROR_CODES, ERROR_STATUS, LIMITS } from '../src/index.js'

const readPage = (name: string): string =>
  readFileSync(new URL(`../../../docs/${name}`, import.meta.url), 'utf8')

/** The cells of every row of a page's tables whose first cell is a name in backticks. */
const readRows = (page: string): string[][] =>
  [...page.matchAll(/^\| `(\w+)` +\|(.+)\|$/gm)].map(([, name = '', rest = '']) => [
    name,
    ...rest.split('|').map((cell) => cell.trim()),
  ])

const UNITS: Readonly<Record<string, readonly [number, string][]>> = {
  Bytes: [
    [1024 ** 3, ' GiB'],
    [1024 ** 2, ' MiB'],
    [1024, ' KiB'],
    [1, ' bytes'],
  ],
  Ms: [
    [3_600_000, ' h'],
    [60_000, ' min'],
    [1_000, ' s'],
  ],
  Mib: [
    [1024 ** 2, ' TiB'],
    [1024, ' GiB'],
    [1, ' MiB'],
  ],
}

function formatLimit(name: string, value: number): string {
  const [, units = []] = Object.entries(UNITS).find(([suffix]) => name.endsWith(suffix)) ?? []
  const [factor, unit] = units.find(([size]) => value % size === 0) ?? [1, '']
  return (value / factor).toLocaleString('en-US') + unit
}

describe('the page of limits', () => {
  test('has every limit with its value, and no other', () => {
    const rows = readRows(readPage('limits.md')).map(([name, value]) => `${name}: ${value}`)
    const limits = Object.entries(LIMITS).map(([name, value]) => `${name}: ${formatLimit(name, value)}`)

    expect(rows.toSorted()).toEqual(limits.toSorted())
  })
})

describe('the page of errors', () => {
  const rows = readRows(readPage('errors.md'))

  test('has every code of the server with its status, and every code of the client', () => {
    const expected = [
      ...Object.entries(ERROR_STATUS).map(([code, status]) => `${code} ${status}`),
      ...CLIENT_ERROR_CODES,
    ]
    const found = rows.map(([code, status]) => (/^\d+$/.test(status ?? '') ? `${code} ${status}` : code))

    expect(found).toEqual(expected)
  })

  test('says for each what it means and what to do', () => {
    for (const cells of rows) for (const cell of cells) expect(cell, cells[0]).not.toBe('')
  })
})
