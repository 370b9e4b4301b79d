import type { Transaction } from '../db/clients.ts'
import type { Context } from './context.ts'
import { creatorOf } from './creator.ts'
import type { Fragment } from './filters/operators.ts'

/** Who paused a work pool or queue `x`; whoever pauses it once more did not. */
export const pausedBy = (sql: Transaction, ctx: Context, isPaused: boolean, x: Fragment): Fragment =>
  isPaused
    ? sql`case when ${x}.is_paused then ${x}.paused_by else ${JSON.stringify(creatorOf(ctx.actor))}::text::jsonb end`
    : sql`null`
