import { expect, test } from 'vitest'
import { createLog } from './log.ts'

function lines(write: (logger: ReturnType<typeof createLog>) => void): string {
  let text = ''
  write(createLog('info', { write: (line) => (text += line) }))
  return text
}

test('a secret is in no line, whether in a field, a header, a message or an error', () => {
  const key = 'rgu_0123456789abcdefghijklmnopqrstuvwxyz'
  const text = lines((logger) => {
    logger.info(
      { key, req: { headers: { authorization: `Bearer ${key}`, cookie: 'a=b-cookie' } } },
      `got ${key}`,
    )
    logger.error({ err: new Error(`connect postgres://u:hunter2@db/x with ${key}`) }, 'Bearer abcdef123456')
    logger.info({ options: { password: 'hunter2', databaseUrl: 'postgres://u:hunter2@db' } })
  })
  for (const secret of [key.slice(4), 'hunter2', 'b-cookie', 'abcdef123456'])
    expect(text).not.toContain(secret)
  expect(text).toContain('rgu_***')
})

test('a line is JSON with a word for the level and an instant', () => {
  const line = JSON.parse(lines((logger) => logger.warn({ run: 'x' }, 'late')))
  expect(line).toMatchObject({ level: 'warn', run: 'x', msg: 'late' })
  expect(Date.parse(line.time)).toBeGreaterThan(0)
})

test('masking never breaks the JSON of a line', () => {
  const text = lines((logger) =>
    logger.info({ url: 'postgres://u:p"w@db/x', note: 'basic "quoted" text' }, 'x'),
  )
  expect(() => JSON.parse(text)).not.toThrow()
})
