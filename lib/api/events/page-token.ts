import { createHmac, hkdfSync, timingSafeEqual } from 'node:crypto'
import { deflateRawSync, inflateRawSync } from 'node:zlib'

const keyOf = (authSecret: string): Buffer =>
  Buffer.from(hkdfSync('sha256', authSecret, '', 'rigel event pages', 32))
const sign = (authSecret: string, data: Buffer): Buffer =>
  createHmac('sha256', keyOf(authSecret)).update(data).digest().subarray(0, 16)

/** Text for an address that only this installation can have made. It is signed, not hidden. */
export function sealPage(authSecret: string, page: unknown): string {
  const data = deflateRawSync(JSON.stringify(page))
  return Buffer.concat([sign(authSecret, data), data]).toString('base64url')
}

/** null: made elsewhere, or altered. */
export function openPage(authSecret: string, token: string): unknown {
  const bytes = Buffer.from(token, 'base64url')
  const [signature, data] = [bytes.subarray(0, 16), bytes.subarray(16)]
  // Decoding passes over odd characters at the end: only the text that was given out counts.
  if (bytes.toString('base64url') !== token) return null
  if (signature.length !== 16 || !timingSafeEqual(signature, sign(authSecret, data))) return null
  return JSON.parse(inflateRawSync(data).toString())
}
