import { z } from 'zod'
import type { NewLog } from '../../engine/engine.ts'
import { route } from '../route.ts'
import { instant, uuid } from '../schemas.ts'

/** What is kept of a message; Cloud clients cut theirs at 25,000 characters before sending. */
const MAX_MESSAGE = 1_000_000

const logCreate = z.object({
  name: z.string().max(2_000),
  level: z.number().int().min(-32_768).max(32_767),
  message: z
    .string()
    .transform((text) => (text.length > MAX_MESSAGE ? `${text.slice(0, MAX_MESSAGE)}…` : text)),
  timestamp: instant,
  flow_run_id: uuid.nullish(),
  task_run_id: uuid.nullish(),
  worker_id: uuid.nullish(),
})

const createLogs = route({
  method: 'POST',
  path: '/logs/',
  permission: { in: 'workspace', scope: 'run_flows' },
  summary: 'Store log lines',
  tag: 'Logs',
  body: z.array(logCreate).max(100_000),
  // One odd character must not lose its neighbours.
  text: 'replace',
  maxBytes: 10 * 1024 * 1024,
  success: { 201: z.null() },
  handle: async ({ body, workspaceId, services }) => {
    const logs = body.map(
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
    await services.engine.writeLogs(workspaceId, logs)
    return { status: 201, rawJson: 'null' }
  },
})

export const logWriteRoutes = [createLogs]
