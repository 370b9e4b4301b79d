import type { LogRecord } from '../protocol/frames.js'
import { presentInstant } from '../record/instant.js'
import { uuid7 } from '../record/uuid.js'

export const logRecord = (message: string, level = 20): LogRecord => ({
  kind: 'log',
  id: uuid7(),
  flowRunId: 'run-1',
  logger: 'test',
  level,
  message,
  at: presentInstant(),
})
