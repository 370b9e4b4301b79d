import { createCipheriv, createDecipheriv, createHmac, hkdfSync, randomBytes } from 'node:crypto'

/** Keeps what block documents hold. Its keys are derived from AUTH_SECRET: whoever has only the database reads nothing. */
export interface Vault {
  /** `owner` names the row that the text belongs to: moved to another row it cannot be opened. */
  readonly seal: (text: string, owner: string) => Buffer
  /** Throws when it was sealed with another secret, or for another owner. */
  readonly open: (sealed: Uint8Array, owner: string) => string
  /** An id that tells equal texts from others, and nothing else of them. */
  readonly fingerprint: (text: string) => string
}

const NONCE_BYTES = 12
const TAG_BYTES = 16
const vaults = new Map<string, Vault>()

export function vaultOf(authSecret: string): Vault {
  const known = vaults.get(authSecret)
  if (known) return known
  const derive = (use: string): Buffer =>
    Buffer.from(hkdfSync('sha256', authSecret, '', `rigel block documents: ${use}`, 32))
  const [key, fingerprintKey] = [derive('encryption'), derive('fingerprint')]
  const vault: Vault = {
    seal(text, owner) {
      const nonce = randomBytes(NONCE_BYTES)
      const cipher = createCipheriv('aes-256-gcm', key, nonce).setAAD(Buffer.from(owner))
      const sealed = Buffer.concat([cipher.update(text, 'utf8'), cipher.final()])
      return Buffer.concat([nonce, cipher.getAuthTag(), sealed])
    },
    open(bytes, owner) {
      const sealed = Buffer.from(bytes)
      const decipher = createDecipheriv('aes-256-gcm', key, sealed.subarray(0, NONCE_BYTES))
        .setAAD(Buffer.from(owner))
        .setAuthTag(sealed.subarray(NONCE_BYTES, NONCE_BYTES + TAG_BYTES))
      try {
        return Buffer.concat([
          decipher.update(sealed.subarray(NONCE_BYTES + TAG_BYTES)),
          decipher.final(),
        ]).toString('utf8')
      } catch (cause) {
        throw new Error(
          'A block document cannot be decrypted: AUTH_SECRET is not the one it was stored under',
          { cause },
        )
      }
    },
    fingerprint(text) {
      const hex = createHmac('sha256', fingerprintKey).update(text).digest('hex')
      // Version 8 of a UUID is the one whose bits mean what its maker says.
      return `${hex.slice(0, 8)}-${hex.slice(8, 12)}-8${hex.slice(13, 16)}-a${hex.slice(17, 20)}-${hex.slice(20, 32)}`
    },
  }
  vaults.set(authSecret, vault)
  return vault
}
