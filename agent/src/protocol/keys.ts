/**
 * API keys: a prefix, 160 random bits as 27 base62 digits, then the CRC32 of all that stands before it as 6 base62 digits.
 * The checksum lets a secret scanner, and `rigel key verify`, tell a key from chance text without asking the server.
 */
export const KEY_PREFIXES = { user: 'rgu_', service: 'rgs_' } as const
export type KeyKind = keyof typeof KEY_PREFIXES

const DIGITS = '0123456789ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz'
const RANDOM_DIGITS = 27
const CHECK_DIGITS = 6
export const KEY_PATTERN = /^rg[us]_[0-9A-Za-z]{33}$/

const crcTable = Uint32Array.from({ length: 256 }, (_, n) => {
  let c = n
  for (let k = 0; k < 8; k++) c = c & 1 ? 0xedb88320 ^ (c >>> 1) : c >>> 1
  return c >>> 0
})

/** CRC-32 (IEEE 802.3) of ASCII text. */
export function crc32(text: string): number {
  let crc = 0xffffffff
  for (let i = 0; i < text.length; i++) crc = (crcTable[(crc ^ text.charCodeAt(i)) & 0xff] ?? 0) ^ (crc >>> 8)
  return (crc ^ 0xffffffff) >>> 0
}

function base62(value: bigint, length: number): string {
  let out = ''
  for (let rest = value; out.length < length; rest /= 62n) out = DIGITS[Number(rest % 62n)] + out
  return out
}

/** A key from 20 random bytes (the caller throws the dice). Throws RangeError for another length. */
export function formatKey(kind: KeyKind, random: Uint8Array): string {
  if (random.length !== 20) throw new RangeError('a key is made from 20 random bytes')
  const value = random.reduce((sum, byte) => (sum << 8n) | BigInt(byte), 0n)
  const body = KEY_PREFIXES[kind] + base62(value, RANDOM_DIGITS)
  return body + base62(BigInt(crc32(body)), CHECK_DIGITS)
}

/** Whether the text is a whole, unmistyped Rigel key. Says nothing about whether the server still accepts it. */
export function isWellFormedKey(key: string): boolean {
  if (!KEY_PATTERN.test(key)) return false
  const body = key.slice(0, -CHECK_DIGITS)
  return base62(BigInt(crc32(body)), CHECK_DIGITS) === key.slice(-CHECK_DIGITS)
}

/** What may be shown of a key after it was made: prefix and last four. */
export const maskKey = (key: string): string => `${key.slice(0, 4)}…${key.slice(-4)}`
