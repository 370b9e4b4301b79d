import type { z } from 'zod'
import { codeOf } from '../config/error-code.ts'
import { isPassing, isShort, noRoom } from '../db/refusals.ts'
import { Problem, type ProblemCode } from '../domain/problem.ts'
import type { Answer } from './route.ts'

const statusOf = {
  'bad-input': 422,
  'not-allowed': 403,
  'not-found': 404,
  conflict: 409,
  gone: 410,
  'too-large': 413,
  'too-many': 429,
  locked: 423,
  unavailable: 503,
} as const satisfies Record<ProblemCode, number>

/** Clients read `detail`, older ones `exception_message`: both are always there. */
export const problem = (status: number, detail: string, headers?: Record<string, string>): Answer => ({
  status,
  json: { detail, exception_message: detail },
  ...(headers ? { headers } : {}),
})

export const notFound = (): Answer => problem(404, 'Not Found')
export const unauthorized = (): Answer => problem(401, 'Unauthorized', { 'www-authenticate': 'Bearer' })

/** The published shape of a validation error; the value itself is not echoed, since it may be a secret. */
export function invalidInput(place: 'body' | 'query' | 'path', error: z.ZodError): Answer {
  const detail = error.issues.slice(0, 50).map((issue) => ({
    loc: [place, ...issue.path.map((part) => (typeof part === 'symbol' ? String(part) : part))],
    msg: issue.message,
    type: issue.code ?? 'value_error',
  }))
  return {
    status: 422,
    json: { detail, exception_message: 'Invalid request received.', exception_detail: detail },
  }
}

export const badJson = (why: string): Answer => {
  const detail = [{ loc: ['body'], msg: why, type: 'json_invalid' }]
  return {
    status: 422,
    json: { detail, exception_message: 'Invalid request received.', exception_detail: detail },
  }
}

/** What a thrown error is to the caller; null when it is none of ours and must be logged. */
export function answerOfError(error: unknown): Answer | null {
  if (!(error instanceof Problem)) return answerOfDatabase(error)
  const status = typeof error.facts.status === 'number' ? error.facts.status : statusOf[error.code]
  const retryAfter = 'retryAfterSeconds' in error ? String(error.retryAfterSeconds) : error.facts.retryAfter
  const headers = retryAfter === undefined ? undefined : { 'retry-after': String(retryAfter) }
  return problem(status, error.message, headers)
}

/** What the database refused on account of the caller, or of the moment: neither is the server's failure. */
function answerOfDatabase(thrown: unknown): Answer | null {
  // drizzle wraps what the database says.
  const error = codeOf(thrown) === undefined && thrown instanceof Error ? thrown.cause : thrown
  if (isPassing(error)) {
    return problem(503, 'The database is busy or away. Send the same request again.', { 'retry-after': '1' })
  }
  if (isShort(error)) return answerOfError(noRoom(error))
  switch (codeOf(error)) {
    case '23503':
    case '23505':
      return problem(
        409,
        'Data integrity conflict. Something that this depends on was removed, or made by someone else, at the same time.',
      )
    case '22021':
      return problem(422, 'A value holds a NUL character, which cannot be stored.')
    case '54000':
    case '54001':
      return problem(422, 'A value is nested too deep, or too large to be kept in an index.')
    default:
      return null
  }
}
