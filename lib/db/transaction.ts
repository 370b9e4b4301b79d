import type postgres from 'postgres'
import type { Sql, Transaction } from './clients.ts'

/**
 * A statement that is sent when it is written, and not before: a query of postgres.js waits until somebody wants its answer. Who makes
 * something of the answer would have sent it by that, before what is written ahead of it, and so hands on a function. null: none.
 */
export type Statement = PromiseLike<unknown> | (() => PromiseLike<unknown>) | null

/** Sends statements, in their order, whose answers nobody needs before the COMMIT. Throws where the transaction cannot be. */
export type Write = (...statements: readonly Statement[]) => void

type Session = Awaited<ReturnType<Sql['reserve']>>

/** What postgres.js hands to the option by which its own transactions get hold of their connection; it is in no declaration. */
interface Connection {
  onclose: ((error: Error) => void) | null
}

export interface TransactionOptions {
  /**
   * Settles when it is committed, and not when that is on disk: a crash of Postgres itself, right then, undoes it, together with all
   * that came after. For what is harmless to undo, and waited for.
   */
  readonly mayBeLost?: boolean
  /** Nothing is to be written: Postgres sees to it. */
  readonly readOnly?: boolean
}

/**
 * Runs `work` in a transaction, in as few round trips as there can be: BEGIN travels with the first statement, and COMMIT with the
 * last ones, which `work` hands to `write`. A round trip costs a batch more than most of its statements, since each answer waits for
 * its turn in a busy event loop. Settles when everything is committed; what fails rolls everything back and is thrown.
 */
export async function inTransaction<Result>(
  sql: Sql,
  work: (transaction: Transaction, write: Write) => Promise<Result>,
  { mayBeLost = false, readOnly = false }: TransactionOptions = {},
): Promise<Result> {
  const session = await sql.reserve()
  const line = watchLine()
  const opening = readOnly
    ? 'begin read only'
    : mayBeLost
      ? 'begin; set local synchronous_commit to off'
      : 'begin'
  const begun = session.unsafe(opening, [], line.options).then(nothing, asFailure)
  let begin: Failure | null = null
  void begun.then((failure) => {
    begin = failure
  })
  const written: PromiseLike<Failure | null>[] = []
  // Without its BEGIN each statement would be a transaction of its own.
  const assertBegun = (): void => {
    if (begin !== null) throw begin.error
  }
  try {
    const result = await line.orLost(
      work(line.guard(session), (...statements) => {
        assertBegun()
        for (const statement of statements)
          if (statement !== null)
            written.push((typeof statement === 'function' ? statement() : statement).then(nothing, asFailure))
      }),
    )
    assertBegun()
    line.assertThere()
    const committed = session.unsafe('commit').then(({ command }) => {
      // After a failed statement Postgres takes it for a ROLLBACK, and says so, even where `work` made nothing of the failure.
      return command === 'COMMIT' ? null : { error: new Error('a statement failed: nothing was committed') }
    }, asFailure)
    const failed = (await line.orLost(Promise.all([begun, ...written, committed]))).find(
      (failure) => failure !== null,
    )
    if (failed) throw failed.error
    return result
  } catch (error) {
    // Also after a failed COMMIT, which then finds no transaction and does no harm.
    if (!line.isLost()) await line.orLost(session.unsafe('rollback').then(nothing, asFailure)).catch(nothing)
    throw error
  } finally {
    // A connection that is gone belongs to the pool already.
    if (!line.isLost()) session.release()
  }
}

interface Failure {
  readonly error: unknown
}

const nothing = (): null => null
const asFailure = (error: unknown): Failure => ({ error })

/** Notices when the connection goes away between two statements, of which their promises would not tell. */
function watchLine() {
  let lost: Error | null = null
  let tell: (error: Error) => void = () => {}
  const losing = new Promise<never>((_, reject) => {
    tell = reject
  })
  losing.catch(nothing)
  // Not where it is assigned: V8 would make it in the old generation, with all that it reaches (see bundle-postgres.mjs).
  const onclose = (error: Error): void => {
    lost = error
    tell(error)
  }
  const onexecute = (connection: Connection): true => {
    connection.onclose = onclose
    return true
  }
  const assertThere = (): void => {
    if (lost !== null) throw lost
  }
  return {
    options: { onexecute } as postgres.UnsafeQueryOptions,
    isLost: () => lost !== null,
    assertThere,
    /** A statement on a session that is gone would be an exception that nobody can catch. */
    guard: (session: Session): Transaction =>
      // Safe: a reserved session has all that a transaction's queries need; savepoints nobody asks of it.
      Object.assign((...args: Parameters<Session>) => {
        assertThere()
        return session(...args)
      }, session) as unknown as Transaction,
    orLost: <Result>(work: Promise<Result>): Promise<Result> => Promise.race([work, losing]),
  }
}
