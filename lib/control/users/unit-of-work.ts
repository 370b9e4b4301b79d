import { sql } from 'drizzle-orm'
import type { Database } from '../../db/clients.ts'
import { ACCESS_CHANNEL, type AccessNotice, formatNotice } from '../../domain/access/notice.ts'

/** A transaction on the global tables. */
export type Work = Parameters<Parameters<Database['orm']['transaction']>[0]>[0]

/** Tells every replica, when this transaction commits, that what it remembers of this access is stale. Rare writes only. */
export async function tellAccessChanged(work: Work, ...notices: readonly AccessNotice[]): Promise<void> {
  for (const notice of notices) {
    await work.execute(sql`select pg_notify(${ACCESS_CHANNEL}, ${formatNotice(notice)})`)
  }
}
