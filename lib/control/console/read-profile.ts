import { sql } from 'drizzle-orm'
import type { Context } from '../context.ts'

export interface Profile {
  readonly id: string
  readonly handle: string
  readonly name: string
  readonly email: string | null
  readonly imageUrl: string | null
}

export async function readProfile(ctx: Pick<Context, 'actor' | 'db'>): Promise<Profile | null> {
  if (ctx.actor.kind !== 'user') return null
  const rows = await ctx.db.orm.execute<Record<keyof Profile, unknown>>(sql`
    select id, handle, name, email, image_url as "imageUrl" from users where id = ${ctx.actor.userId}`)
  return (rows[0] as unknown as Profile | undefined) ?? null
}
