/** How an expiry is said: a date while it is far, amber within two weeks, red when it has passed. */
export interface ShownExpiry {
  readonly tone: 'far' | 'near' | 'past'
  readonly words: string
}

const nearDays = 14

export function expiryOf(expiresMs: number, nowMs: number): ShownExpiry {
  const left = expiresMs - nowMs
  if (left <= 0) return { tone: 'past', words: 'Expired' }
  const days = Math.floor(left / 86_400_000)
  if (days >= nearDays) return { tone: 'far', words: '' }
  if (days >= 1) return { tone: 'near', words: `in ${days} ${days === 1 ? 'day' : 'days'}` }
  const hours = Math.floor(left / 3_600_000)
  return {
    tone: 'near',
    words: hours >= 1 ? `in ${hours} h` : `in ${Math.max(1, Math.floor(left / 60_000))} min`,
  }
}

export const expiryChoices = ['7', '30', '90', 'date', 'never'] as const
export type ExpiryChoice = (typeof expiryChoices)[number]

export const expiryWords = {
  '7': 'In 7 days',
  '30': 'In 30 days',
  '90': 'In 90 days',
  date: 'On a date',
  never: 'Never',
} as const satisfies Record<ExpiryChoice, string>

/** The instant to ask for; undefined when the date is missing or has passed. A date means its end, in the reader's zone. */
export function expirationOf(choice: ExpiryChoice, date: string, nowMs: number): string | null | undefined {
  if (choice === 'never') return null
  if (choice !== 'date') return new Date(nowMs + Number(choice) * 86_400_000).toISOString()
  const ms = Date.parse(`${date}T23:59:59`)
  return Number.isNaN(ms) || ms <= nowMs ? undefined : new Date(ms).toISOString()
}
