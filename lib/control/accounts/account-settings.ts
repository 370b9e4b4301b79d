import { z } from 'zod'

const flag = z.boolean().catch(false)
const words = z.string().max(5_000).nullable().catch(null)

/** What accounts.settings holds, read tolerantly. */
const stored = z
  .object({
    location: words,
    link: words,
    billingEmail: words,
    allowPublicWorkspaces: flag,
    aiLogSummaries: flag,
    managedExecution: flag,
    selfHealingEnabled: flag,
  })
  .partial()
export type StoredAccountSettings = z.infer<typeof stored>

export const readAccountSettings = (settings: unknown): StoredAccountSettings =>
  stored.safeParse(settings).data ?? {}
