import { codeOf } from '../config/error-code.ts'
import { Unavailable } from '../domain/problem.ts'

// What a failure of the database means: SQLSTATE, or a code of the network or of postgres.js.

/** What was read before is not so any more. */
export const isStale = (error: unknown): boolean => codeOf(error) === '40001'

/** Serialization failures, deadlocks and broken connections: the same may succeed the next time. */
export function isPassing(error: unknown): boolean {
  const code = codeOf(error)
  return (
    code !== undefined &&
    (isStale(error) ||
      code === '40P01' ||
      code.startsWith('08') ||
      code.startsWith('57P') ||
      code.startsWith('CONNECTION_') ||
      code === 'ECONNRESET' ||
      code === 'ECONNREFUSED')
  )
}

/**
 * No disk, memory or connection left, an error of the machine, or a database that only reads: whatever is written is refused,
 * until somebody mends it.
 */
export function isShort(error: unknown): boolean {
  const code = codeOf(error)
  return code !== undefined && (code.startsWith('53') || code.startsWith('58') || code === '25006')
}

/** The answer to that. The error says to the operator what is missing. */
export const noRoom = (cause: unknown): Unavailable =>
  new Unavailable(
    'The database has no room, or does not write just now. Nothing was written; send the same request again.',
    5,
    { cause },
  )

/**
 * The database refuses the row itself, today and tomorrow: a value that it has no room for, a constraint. Everything else is a matter
 * of the moment or of the server, and no reason to drop anything.
 */
export function isRefusal(error: unknown): boolean {
  const code = codeOf(error)
  return code === undefined || /^(22|23|54)...$/.test(code)
}
