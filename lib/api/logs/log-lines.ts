import { z } from 'zod'
import { parseInstant } from '../../domain/time.ts'
import type { NewLog } from '../../engine/engine.ts'
import { canonicalUuid, instant, uuid } from '../schemas.ts'

/** What is kept of a message; Cloud clients cut theirs at 25,000 characters before sending. */
const MAX_MESSAGE = 1_000_000
const MAX_LOGGER = 2_000
const MAX_LINES = 100_000

const logCreate = z
  .object({
    name: z.string().max(MAX_LOGGER),
    level: z.number().int().min(-32_768).max(32_767),
    message: z
      .string()
      .transform((text) => (text.length > MAX_MESSAGE ? `${text.slice(0, MAX_MESSAGE)}…` : text)),
    timestamp: instant,
    flow_run_id: uuid.nullish(),
    task_run_id: uuid.nullish(),
    worker_id: uuid.nullish(),
  })
  .transform(
    (line): NewLog => ({
      flowRunId: line.flow_run_id ?? null,
      taskRunId: line.task_run_id ?? null,
      workerId: line.worker_id ?? null,
      logger: line.name,
      level: line.level,
      message: line.message,
      atMicros: line.timestamp,
    }),
  )

/** Log lines as they are sent, and as the engine takes them. */
export const logLines = z.array(logCreate).max(MAX_LINES)

/** What `logLines` makes of lines of the usual kind; null for all others. */
export function quickLogLines(value: unknown): NewLog[] | null {
  if (!Array.isArray(value) || value.length > MAX_LINES) return null
  const lines: NewLog[] = []
  // Neighbours are mostly of one run, often of one instant.
  let flowRunId: string | null = null
  let taskRunId: string | null = null
  let timestamp: unknown = notYet
  let atMicros = 0
  for (const line of value as readonly unknown[]) {
    if (typeof line !== 'object' || line === null || Array.isArray(line)) return null
    // Safe: each member is looked at before it is believed.
    const sent = line as Readonly<Record<string, unknown>>
    const { name, level, message } = sent
    if (typeof name !== 'string' || name.length > MAX_LOGGER) return null
    if (typeof message !== 'string' || message.length > MAX_MESSAGE) return null
    if (!Number.isInteger(level) || (level as number) < -32_768 || (level as number) > 32_767) return null
    if (sent.timestamp !== timestamp) {
      if (typeof sent.timestamp !== 'string' || sent.timestamp.length > 64) return null
      const micros = parseInstant(sent.timestamp)
      if (micros === undefined) return null
      timestamp = sent.timestamp
      atMicros = micros
    }
    if (sent.flow_run_id !== flowRunId) {
      const id = quickId(sent.flow_run_id)
      if (id === undefined) return null
      flowRunId = id
    }
    if (sent.task_run_id !== taskRunId) {
      const id = quickId(sent.task_run_id)
      if (id === undefined) return null
      taskRunId = id
    }
    const workerId = quickId(sent.worker_id)
    if (workerId === undefined) return null
    lines.push({ flowRunId, taskRunId, workerId, logger: name, level: level as number, message, atMicros })
  }
  return lines
}

const notYet = Symbol('not yet')

/** undefined: not in the usual spelling, if an id at all. */
const quickId = (value: unknown): string | null | undefined =>
  value === null || value === undefined
    ? null
    : typeof value === 'string' && canonicalUuid.test(value)
      ? value
      : undefined
