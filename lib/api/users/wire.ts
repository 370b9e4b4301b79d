import { z } from 'zod'
import type { User } from '../../control/users/read-user.ts'
import type { StoredUserSettings } from '../../control/users/user-profile.ts'

export const userSettings = z.object({
  default_timezone: z.string().nullable(),
  default_color_palette: z.string().nullable(),
  tutorial_completed: z.boolean(),
  feature_previews: z.array(z.string()),
})

export const wireUserSettings = ({ ui = {} }: StoredUserSettings): z.input<typeof userSettings> => ({
  default_timezone: ui.default_timezone ?? null,
  default_color_palette: ui.default_color_palette ?? null,
  tutorial_completed: ui.tutorial_completed ?? false,
  feature_previews: ui.feature_previews ?? [],
})

const time = z.iso.datetime()

export const userRead = z.object({
  id: z.uuid(),
  created: time,
  updated: time,
  handle: z.string(),
  actor_id: z.uuid(),
  idp_user_id: z.string(),
  first_name: z.string(),
  last_name: z.string(),
  email: z.string(),
  location: z.string().nullable(),
  title: z.string().nullable(),
  image_location: z.string().nullable(),
  personal_account_id: z.uuid().nullable(),
  settings: userSettings,
  last_login: time.nullable(),
})

export const wireUser = (user: User): z.input<typeof userRead> => ({
  id: user.id,
  created: user.createdAt.toISOString(),
  updated: user.updatedAt.toISOString(),
  handle: user.handle,
  actor_id: user.actorId,
  idp_user_id: user.providerUserId ?? '',
  first_name: user.firstName,
  last_name: user.lastName,
  email: user.email ?? '',
  location: user.settings.profile?.location ?? null,
  title: user.settings.profile?.title ?? null,
  image_location: user.imageUrl,
  personal_account_id: user.personalAccountId,
  settings: wireUserSettings(user.settings),
  last_login: user.lastLoginAt?.toISOString() ?? null,
})
