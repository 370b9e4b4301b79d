import { randomFillSync } from 'node:crypto'

const pool = new Uint8Array(16 * 128)
let used = pool.length
let lastMs = 0
let counter = 0

/**
 * A UUIDv7. Ids made by one process sort in the order of their making, also within a millisecond
 * (12 bits of counter; the 4,097th in a millisecond borrows from the next one).
 */
export function uuid7(): string {
  const random = sixteenRandomBytes()
  const nowMs = Date.now()
  if (nowMs > lastMs) {
    lastMs = nowMs
    counter = ((random[6] ?? 0) << 3) | ((random[7] ?? 0) & 7)
  } else if (++counter > 0xfff) {
    lastMs += 1
    counter = 0
  }
  const time = lastMs.toString(16).padStart(12, '0')
  const tail = Buffer.from(random.buffer, random.byteOffset + 8, 8)
  tail[0] = ((tail[0] ?? 0) & 0x3f) | 0x80
  const hex = tail.toString('hex')
  const middle = counter.toString(16).padStart(3, '0')
  return `${time.slice(0, 8)}-${time.slice(8)}-7${middle}-${hex.slice(0, 4)}-${hex.slice(4)}`
}

/** 32 hex digits of chance: the dynamic key of one call of a task. */
export function dynamicKey(): string {
  return Buffer.from(sixteenRandomBytes()).toString('hex')
}

/** Taken from a pool: one call to the system for every 128. */
function sixteenRandomBytes(): Uint8Array {
  if (used === pool.length) {
    randomFillSync(pool)
    used = 0
  }
  used += 16
  return pool.subarray(used - 16, used)
}
