import { z } from 'zod'

const text = (max: number) => z.string().max(max).nullish().catch(null)

/** What users.settings holds, read tolerantly: a key of another version must not keep anybody from signing in. */
const stored = z
  .object({
    profile: z
      .object({ firstName: text(500), lastName: text(500), location: text(5_000), title: text(5_000) })
      .partial()
      .catch({}),
    ui: z
      .object({
        default_timezone: text(5_000),
        default_color_palette: text(5_000),
        tutorial_completed: z.boolean().catch(false),
        feature_previews: z.array(z.string()).catch([]),
      })
      .partial()
      .catch({}),
  })
  .partial()
export type StoredUserSettings = z.infer<typeof stored>

export const readUserSettings = (settings: unknown): StoredUserSettings =>
  stored.safeParse(settings).data ?? {}

/** First and last name as they were given, else cut from the whole name. */
export function namesOf(
  name: string,
  settings: StoredUserSettings,
): { readonly first: string; readonly last: string } {
  const { firstName, lastName } = settings.profile ?? {}
  if (typeof firstName === 'string' || typeof lastName === 'string') {
    return { first: firstName ?? '', last: lastName ?? '' }
  }
  const [first = '', ...rest] = name.split(' ')
  return { first, last: rest.join(' ') }
}
