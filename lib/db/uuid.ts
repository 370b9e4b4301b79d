import { randomFillSync } from 'node:crypto'

// Random bytes are drawn a page at a time: one call to the system for 256 ids.
const pool = Buffer.allocUnsafe(256 * 10)
let used = pool.length
let lastMs = 0
let counter = 0

const hex = Array.from({ length: 256 }, (_, n) => n.toString(16).padStart(2, '0'))

/**
 * A UUIDv7 (RFC 9562): sorts by the time of its making, within one process strictly so
 * (rand_a is a counter that is seeded low and steps within a millisecond).
 */
export function uuidv7(): string {
  const now = Date.now()
  if (now > lastMs) {
    lastMs = now
    counter = 0
  } else if (++counter > 0xfff) {
    lastMs++
    counter = 0
  }
  if (used + 8 > pool.length) {
    randomFillSync(pool)
    used = 0
  }
  const ms = lastMs.toString(16).padStart(12, '0')
  const a = 0x7000 | counter
  const r = used
  used += 8
  const byte = (n: number): string => hex[pool[r + n] ?? 0] ?? '00'
  const variant = hex[((pool[r] ?? 0) & 0x3f) | 0x80] ?? '80'
  return `${ms.slice(0, 8)}-${ms.slice(8)}-${a.toString(16)}-${variant}${byte(1)}-${byte(2)}${byte(3)}${byte(4)}${byte(5)}${byte(6)}${byte(7)}`
}

/** Milliseconds since 1970 that a UUIDv7 was made at; undefined for other versions. */
export function uuidMillis(id: string): number | undefined {
  return id[14] === '7' ? Number.parseInt(id.slice(0, 8) + id.slice(9, 13), 16) : undefined
}
