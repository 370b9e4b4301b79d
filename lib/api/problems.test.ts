import { expect, test } from 'vitest'
import { answerOfError } from './problems.ts'

const thrown = (code: string) => Object.assign(new Error('as the database says it'), { code })

test.each([
  ['40001', 503, '1'],
  ['57P01', 503, '1'],
  ['ECONNREFUSED', 503, '1'],
  ['53100', 503, '5'],
  ['53300', 503, '5'],
  ['25006', 503, '5'],
  ['23505', 409, undefined],
  ['22021', 422, undefined],
])('what the database refuses with %s is answered %d, whoever threw it', (code, status, retryAfter) => {
  for (const error of [thrown(code), new Error('drizzle', { cause: thrown(code) })]) {
    const answer = answerOfError(error)
    expect(answer?.status).toBe(status)
    expect(answer?.headers?.['retry-after']).toBe(retryAfter)
    expect(JSON.stringify(answer)).not.toContain('as the database says it')
  }
})

test('a defect is none of them', () => {
  expect(answerOfError(thrown('42P01'))).toBeNull()
  expect(answerOfError(new TypeError('x'))).toBeNull()
})
