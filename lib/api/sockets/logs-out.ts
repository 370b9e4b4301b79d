import { z } from 'zod'
import type { LogChange } from '../../domain/change.ts'
import { parseInstant } from '../../domain/time.ts'
import { instant, uuid } from '../schemas.ts'
import { CLOSE, firstFrame, type WorkspaceSocket } from './accept.ts'
import { outbound } from './outbound.ts'

const logFilter = z.looseObject({
  level: z.looseObject({ ge_: z.number().nullish(), le_: z.number().nullish() }).nullish(),
  timestamp: z.looseObject({ before_: instant.nullish(), after_: instant.nullish() }).nullish(),
  flow_run_id: z.looseObject({ any_: z.array(uuid).max(1_000).nullish() }).nullish(),
  task_run_id: z
    .looseObject({ any_: z.array(uuid).max(1_000).nullish(), is_null_: z.boolean().nullish() })
    .nullish(),
  worker_id: z
    .looseObject({
      any_: z.array(uuid).max(1_000).nullish(),
      not_any_: z.array(uuid).max(1_000).nullish(),
      is_null_: z.boolean().nullish(),
    })
    .nullish(),
  loggers: z.looseObject({ any_: z.array(z.string().max(5_000)).max(1_000).nullish() }).nullish(),
})
type LogFilter = z.output<typeof logFilter>
const filterFrame = z.looseObject({ type: z.literal('filter'), filter: logFilter })

/** Streams log lines as they commit. Clients read what was before by `POST /logs/filter`, and drop by id what they have. */
export function logsOut({ ws, services, workspaceId, handshakeMs }: WorkspaceSocket): void {
  firstFrame(ws, handshakeMs, "Expected 'filter' message", CLOSE.protocol, (frame) => {
    if ((frame as { type?: unknown } | null)?.type !== 'filter')
      return ws.close(CLOSE.protocol, "Expected 'filter' message")
    const checked = filterFrame.safeParse(frame)
    if (!checked.success)
      return ws.close(
        CLOSE.protocol,
        `Invalid filter: ${checked.error.issues[0]?.message ?? ''}`.slice(0, 120),
      )
    const { filter } = checked.data
    const send = outbound(ws)
    const runs = filter.flow_run_id?.any_
    // Named, so that their lines are read when another replica says that they have some.
    const topics = runs ? [...new Set(runs)].map((id) => `flow-run:${id}` as const) : ['everything' as const]
    const subscriptions = topics.map((topic) =>
      services.hub.subscribe(workspaceId, topic, null, {
        onChanges: (changes) => {
          for (const change of changes) {
            if (change.kind === 'log' && matches(change, filter))
              send(`{"type":"log","log":${logJson(change)}}`)
          }
        },
        onGap: () => {},
      }),
    )
    ws.on('ping', (data) => ws.pong(data))
    ws.once('close', () => {
      for (const subscription of subscriptions) subscription.close()
    })
  })
}

function matches(log: LogChange, filter: LogFilter): boolean {
  const {
    level,
    timestamp,
    flow_run_id: flowRunId,
    task_run_id: taskRunId,
    worker_id: worker,
    loggers,
  } = filter
  if (level?.ge_ != null && log.level < level.ge_) return false
  if (level?.le_ != null && log.level > level.le_) return false
  const at = parseInstant(log.at) ?? 0
  if (timestamp?.after_ != null && at < timestamp.after_) return false
  if (timestamp?.before_ != null && at > timestamp.before_) return false
  if (flowRunId?.any_ && !flowRunId.any_.includes(log.flowRunId ?? '')) return false
  if (taskRunId?.any_ && !taskRunId.any_.includes(log.taskRunId ?? '')) return false
  if (taskRunId?.is_null_ != null && (log.taskRunId === null) !== taskRunId.is_null_) return false
  if (worker?.any_ && !worker.any_.includes(log.workerId ?? '')) return false
  if (worker?.not_any_?.includes(log.workerId ?? '')) return false
  if (worker?.is_null_ != null && (log.workerId === null) !== worker.is_null_) return false
  if (loggers?.any_ && !loggers.any_.includes(log.logger)) return false
  return true
}

const logJson = (log: LogChange): string =>
  JSON.stringify({
    id: log.id,
    created: log.at,
    updated: log.at,
    name: log.logger,
    level: log.level,
    message: log.message,
    timestamp: log.at,
    flow_run_id: log.flowRunId,
    task_run_id: log.taskRunId,
    worker_id: log.workerId,
  })
