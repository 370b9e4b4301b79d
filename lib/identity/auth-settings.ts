import { config, type GitHubConfig } from '../config/config.ts'
import type { Database } from '../db/clients.ts'
import { sharedServices } from './shared.ts'

/** What signing in depends on, of the process and of this request. */
export interface AuthSettings {
  readonly db: Database
  readonly github: GitHubConfig | undefined
  readonly secret: string
  /** `https://rigel.example`, as this browser sees it. */
  readonly origin: string
  readonly ipAddress: string | null
  readonly userAgent: string | null
  /** One-time links are for a machine that its user sits at. */
  readonly allowsLocalLink: boolean
}

export function authSettings(headers: Headers): AuthSettings {
  const { db, publicUrl } = sharedServices()
  const { github, authSecret, loopback } = config()
  if (!authSecret) throw new Error('The process has not set its secret')
  return {
    db,
    github,
    secret: authSecret,
    origin: publicUrl ? new URL(publicUrl).origin : originOf(headers),
    ipAddress: addressOf(headers),
    userAgent: headers.get('user-agent'),
    allowsLocalLink: loopback && !github,
  }
}

/** Without PUBLIC_URL the browser's own words count: it cannot be made to send another site's. */
export function originOf(headers: Headers): string {
  const first = (name: string): string | undefined => headers.get(name)?.split(',')[0]?.trim()
  const host = first('x-forwarded-host') ?? headers.get('host') ?? 'localhost'
  return `${first('x-forwarded-proto') === 'https' ? 'https' : 'http'}://${host}`
}

/** The last hop is what the nearest proxy, or Next itself, saw; those before it are what the sender claims. */
export function addressOf(headers: Headers): string | null {
  return headers.get('x-forwarded-for')?.split(',').at(-1)?.trim() || null
}
