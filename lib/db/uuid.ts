import { randomFillSync } from 'node:crypto'

// Random bytes are drawn, and spelled, a page at a time: one call to the system for 256 ids.
const pool = Buffer.allocUnsafe(256 * 8)
let poolHex = ''
let used = pool.length
let lastMs = 0
let counter = 0
let msHex = ''

const variants = Array.from({ length: 256 }, (_, n) => ((n & 0x3f) | 0x80).toString(16))

/**
 * A UUIDv7 (RFC 9562): sorts by the time of its making, within one process strictly so
 * (rand_a is a counter that is seeded low and steps within a millisecond).
 */
export function uuidv7(): string {
  const now = Date.now()
  if (now > lastMs) {
    setMs(now)
  } else if (++counter > 0xfff) {
    setMs(lastMs + 1)
  }
  if (used === pool.length) {
    randomFillSync(pool)
    poolHex = pool.toString('hex')
    used = 0
  }
  const at = 2 * used
  const variant = variants[pool[used] ?? 0] ?? '80'
  used += 8
  return `${msHex}-${(0x7000 | counter).toString(16)}-${variant}${poolHex.slice(at + 2, at + 4)}-${poolHex.slice(at + 4, at + 16)}`
}

function setMs(ms: number): void {
  lastMs = ms
  counter = 0
  const hex = ms.toString(16).padStart(12, '0')
  msHex = `${hex.slice(0, 8)}-${hex.slice(8)}`
}

/** Milliseconds since 1970 that a UUIDv7 was made at; undefined for other versions. */
export function uuidMillis(id: string): number | undefined {
  return id[14] === '7' ? Number.parseInt(id.slice(0, 8) + id.slice(9, 13), 16) : undefined
}
