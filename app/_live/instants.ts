/**
 * Orders two RFC 3339 instants in UTC, to the last digit: feeds carry microseconds, and a Date would drop them.
 * Fractions of different lengths compare as numbers, not as text.
 */
export function compareInstants(a: string, b: string): number {
  const [secondsA, fractionA] = split(a)
  const [secondsB, fractionB] = split(b)
  if (secondsA !== secondsB) return secondsA < secondsB ? -1 : 1
  const length = Math.max(fractionA.length, fractionB.length)
  const paddedA = fractionA.padEnd(length, '0')
  const paddedB = fractionB.padEnd(length, '0')
  return paddedA === paddedB ? 0 : paddedA < paddedB ? -1 : 1
}

function split(instant: string): [string, string] {
  return [instant.slice(0, 19), /^\.(\d+)/.exec(instant.slice(19))?.[1] ?? '']
}
