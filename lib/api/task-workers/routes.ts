import { z } from 'zod'
import { listTaskWorkers } from '../../control/task-workers/list-task-workers.ts'
import { route } from '../route.ts'

const taskWorkerAnswer = z
  .object({ identifier: z.string(), task_keys: z.array(z.string()), timestamp: z.iso.datetime() })
  .meta({ id: 'TaskWorker' })

const filter = route({
  method: 'POST',
  path: '/task_workers/filter',
  permission: { in: 'workspace', scope: 'see_flows' },
  summary: 'List the task workers that are connected',
  tag: 'Task workers',
  body: z.object({
    task_worker_filter: z
      .object({ task_keys: z.array(z.string().max(2_000)).max(1_000).optional() })
      .optional(),
  }),
  bodyOptional: true,
  success: { 200: z.array(taskWorkerAnswer) },
  handle: async ({ ctx, body }) => {
    const workers = await listTaskWorkers(ctx, body.task_worker_filter?.task_keys ?? null)
    return {
      status: 200,
      json: workers.map(({ identifier, taskKeys, seenAt }) => ({
        identifier,
        task_keys: [...taskKeys],
        timestamp: seenAt,
      })),
    }
  },
})

export const taskWorkerRoutes = [filter]
