/** Results go to stdout, whole lines at a time; everything else goes to stderr through `tell`. */
export function printResult(text: string): void {
  process.stdout.write(text.endsWith('\n') ? text : `${text}\n`)
}

export const printJson = (value: unknown): void => printResult(JSON.stringify(value, null, 2))

export function tell(line: string): void {
  process.stderr.write(`${line}\n`)
}

/** Columns under their headings, each as wide as its widest cell. */
export function table(headings: readonly string[], rows: readonly (readonly string[])[]): string {
  const all = [headings, ...rows]
  const widths = headings.map((_, column) => Math.max(...all.map((row) => (row[column] ?? '').length)))
  return all
    .map((row) =>
      widths
        .map((width, column) => (row[column] ?? '').padEnd(width))
        .join('  ')
        .trimEnd(),
    )
    .join('\n')
}

/** An instant in the reader's own zone, `2026-08-21 16:27:33`, with milliseconds when asked; `-` for none. */
export function localTime(text: string | null | undefined, withMs = false): string {
  const at = text ? new Date(text) : null
  if (!at || Number.isNaN(at.getTime())) return '-'
  const two = (value: number) => String(value).padStart(2, '0')
  const day = `${at.getFullYear()}-${two(at.getMonth() + 1)}-${two(at.getDate())}`
  const time = `${two(at.getHours())}:${two(at.getMinutes())}:${two(at.getSeconds())}`
  return `${day} ${time}${withMs ? `.${String(at.getMilliseconds()).padStart(3, '0')}` : ''}`
}

/** `13ms`, `3.2s`, `4m 10s`, `2h 5m`. */
export function shortDuration(seconds: number | null | undefined): string {
  if (seconds === null || seconds === undefined || !Number.isFinite(seconds)) return '-'
  if (seconds > 0 && seconds < 0.9995) return `${Math.round(seconds * 1000)}ms`
  if (seconds < 60) return `${Math.round(seconds * 10) / 10}s`
  if (seconds < 3600) return `${Math.floor(seconds / 60)}m ${Math.floor(seconds % 60)}s`
  return `${Math.floor(seconds / 3600)}h ${Math.floor((seconds % 3600) / 60)}m`
}

/** Names and values, one a line. */
export function factList(rows: readonly (readonly [name: string, value: string])[]): string {
  const width = Math.max(...rows.map(([name]) => name.length))
  return rows.map(([name, value]) => `${name.padEnd(width)}  ${value}`.trimEnd()).join('\n')
}

/** How far an instant is from now: `in 3h 5m`, `12s ago`; `-` for none. */
export function fromNow(text: string | null | undefined, nowMs = Date.now()): string {
  const atMs = text ? Date.parse(text) : Number.NaN
  if (Number.isNaN(atMs)) return '-'
  const seconds = (atMs - nowMs) / 1000
  const span = spanOf(Math.abs(seconds))
  return seconds > 0 ? `in ${span}` : `${span} ago`
}

const DAY_SECONDS = 86_400
const spanOf = (seconds: number): string =>
  seconds < 60
    ? `${Math.round(seconds)}s`
    : seconds < 2 * DAY_SECONDS
      ? shortDuration(seconds)
      : `${Math.floor(seconds / DAY_SECONDS)}d`
