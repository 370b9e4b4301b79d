import { formatInstant } from '../time.ts'
import { microsPerSecond } from './calendar.ts'

const two = (n: number): string => String(n).padStart(2, '0')

/** An instant as Python's `str()` has it: `2026-10-25 02:30:00+02:00`, with six digits of a second only when there is a fraction. */
export const formatWallWithOffset = (micros: number, offsetSeconds: number): string => {
  const utc = formatInstant(micros + offsetSeconds * microsPerSecond)
  const fraction = utc.slice(19, 26)
  const size = Math.abs(offsetSeconds)
  const seconds = size % 60
  const offset = `${offsetSeconds < 0 ? '-' : '+'}${two(Math.floor(size / 3600))}:${two(Math.floor(size / 60) % 60)}`
  return `${utc.slice(0, 10)} ${utc.slice(11, 19)}${fraction === '.000000' ? '' : fraction}${offset}${seconds === 0 ? '' : `:${two(seconds)}`}`
}
