const SECOND = 1_000
const MINUTE = 60 * SECOND
const HOUR = 60 * MINUTE

const UNITS: Readonly<Record<string, number>> = { ms: 1, s: SECOND, m: MINUTE, h: HOUR }
const DURATION = /^(\d+(?:\.\d+)?)(ms|s|m|h)?$/

/** Reads `500ms`, `2s`, `1.5m`, `1h` or plain seconds into milliseconds; `undefined` for anything else. */
export function parseDuration(text: string): number | undefined {
  const [, amount, unit = 's'] = DURATION.exec(text.trim()) ?? []
  const factor = UNITS[unit]
  if (amount === undefined || factor === undefined) return undefined
  const ms = Math.round(Number(amount) * factor)
  return Number.isSafeInteger(ms) ? ms : undefined
}

/** Writes a time as a person would say it: `120 ms`, `1.2 s`, `3 min 12 s`, `2 h 5 min`. */
export function formatDuration(ms: number): string {
  if (ms < SECOND) return `${Math.round(ms)} ms`
  if (ms < MINUTE) return `${(ms / SECOND).toFixed(1)} s`
  if (ms < HOUR) return `${Math.floor(ms / MINUTE)} min ${Math.floor((ms % MINUTE) / SECOND)} s`
  return `${Math.floor(ms / HOUR)} h ${Math.floor((ms % HOUR) / MINUTE)} min`
}
