import { setImmediate as turn } from 'node:timers/promises'
import type { Sql } from '../db/clients.ts'

/**
 * The statements that this pool sends while `work` goes on, as the driver reports them: what other pools and sessions do is not
 * among them, unlike in the server's statistics, which idle sessions send late. Nobody else may use the pool meanwhile.
 */
export async function statementsDuring(sql: Sql, work: () => unknown): Promise<readonly string[]> {
  const { options } = sql
  const statements: string[] = []
  options.debug = (_connection, statement) => {
    statements.push(statement)
  }
  try {
    await work()
    // What was asked for without waiting for the answer is sent by now.
    await turn()
  } finally {
    options.debug = false
  }
  return statements
}
