import { z } from 'zod'
import type { IssuedKey } from '../../control/api-keys/issue-key.ts'
import type { ApiKeyRow, ListApiKeysInput } from '../../control/api-keys/list-api-keys.ts'
import { workspaceRoles } from '../../domain/access/actor.ts'
import { limit, offset } from '../filters/paging.ts'
import { instant } from '../schemas.ts'

const time = z.iso.datetime()
const id = z.uuid()
const role = z.enum(workspaceRoles).nullable()

/** An instant of a body as a Date; expiry needs no microseconds. */
export const expiration = instant.transform((micros) => new Date(Math.floor(micros / 1000))).nullish()

export const keyCreated = z.object({
  id,
  name: z.string(),
  key: z.string().meta({ description: 'Shown this once.' }),
  masked_key: z.string(),
  created: time,
  expiration: time.nullable(),
  workspace_id: id.nullable(),
  role,
})

export const keyRead = z.object({
  id,
  name: z.string(),
  masked_key: z.string(),
  created: time,
  expiration: time.nullable(),
  workspace_id: id.nullable(),
  role,
  last_used_at: time.nullable(),
  last_used_by: z.string().nullable(),
  replaced_by: id.nullable(),
})

const text = (at: Date | null): string | null => at?.toISOString() ?? null

export const wireIssuedKey = (key: IssuedKey): z.input<typeof keyCreated> => ({
  id: key.id,
  name: key.name,
  key: key.key,
  masked_key: key.maskedKey,
  created: key.createdAt.toISOString(),
  expiration: text(key.expiresAt),
  workspace_id: key.workspaceId,
  role: key.role,
})

export const wireKey = (row: ApiKeyRow): z.input<typeof keyRead> => ({
  id: row.id,
  name: row.name,
  masked_key: row.maskedKey,
  created: row.createdAt.toISOString(),
  expiration: text(row.expiresAt),
  workspace_id: row.workspaceId,
  role: row.role,
  last_used_at: text(row.lastUsedAt),
  last_used_by: row.lastUsedBy,
  replaced_by: row.replacedBy,
})

export const keyFilterBody = z.object({
  api_keys: z
    .object({
      name: z
        .object({
          any_: z.array(z.string().max(500)).max(200).nullish(),
          like_: z.string().max(500).nullish(),
        })
        .nullish(),
    })
    .nullish(),
  limit,
  offset,
})

export function keyFilterOf({ api_keys }: z.output<typeof keyFilterBody>): ListApiKeysInput {
  const { any_, like_ } = api_keys?.name ?? {}
  return { ...(any_ ? { names: any_ } : {}), ...(like_ ? { nameLike: like_ } : {}) }
}
