import { toPrintable } from './printable.js'

/** Lays rows out in columns, the last one cut to the width of the terminal where there is one. */
export function formatTable(rows: readonly (readonly string[])[], columns: number | undefined): string {
  const cells = rows.map((row) => row.map(toPrintable))
  const widths = (cells[0] ?? []).map((_, index) => Math.max(...cells.map((row) => row[index]?.length ?? 0)))
  const lines = cells.map((row) => {
    const line = row
      .map((cell, index) => cell.padEnd(widths[index] ?? 0))
      .join('  ')
      .trimEnd()
    return columns !== undefined && line.length > columns ? `${line.slice(0, columns - 1)}…` : line
  })
  return lines.map((line) => `${line}\n`).join('')
}
