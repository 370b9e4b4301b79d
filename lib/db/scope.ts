import type { Database, Transaction } from './clients.ts'
import { inTransaction } from './transaction.ts'

/**
 * Runs `work` in a transaction that sees and writes one workspace only, whatever its queries say: row-level security holds them.
 * Queries still name the workspace first, so that the wall is the second one.
 */
export const inWorkspace = <Result>(
  db: Database,
  workspaceId: string,
  work: (sql: Transaction) => Promise<Result>,
  mode: 'read write' | 'read only' = 'read write',
): Promise<Result> =>
  inTransaction(
    db.page,
    async (sql) => {
      // Not awaited: it travels with the first query, in one round trip, and the server keeps their order.
      const scoped = sql`select set_config('rigel.workspace_id', ${workspaceId}, true)`.execute()
      const [, result] = await Promise.all([scoped, work(sql)])
      return result
    },
    { readOnly: mode === 'read only' },
  )

export const readWorkspace = <Result>(
  db: Database,
  workspaceId: string,
  work: (sql: Transaction) => Promise<Result>,
): Promise<Result> => inWorkspace(db, workspaceId, work, 'read only')
