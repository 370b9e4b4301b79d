import { z } from 'zod'
import type { RunFilters } from '../../control/filters/run-filters.ts'
import {
  anyId,
  anyText,
  creatorFilter,
  existsFilter,
  flowRunStateFilter,
  idFilter,
  idPresence,
  nameFilter,
  nullableSpanFilter,
  nullFilter,
  operator,
  ownTagsFilter,
  queueNameFilter,
  spanFilter,
  tagsFilter,
  taskRunStateFilter,
  textFilter,
  textPresence,
} from './operators.ts'

export const flowFilter = z
  .object({ operator, id: idFilter, deployment: nullFilter, name: nameFilter, tags: ownTagsFilter })
  .meta({ id: 'FlowFilter' })

export const flowRunFilter = z
  .object({
    operator,
    id: idFilter,
    name: nameFilter,
    tags: tagsFilter,
    deployment_id: idPresence,
    work_queue_name: textPresence,
    state: flowRunStateFilter,
    flow_version: anyText,
    start_time: nullableSpanFilter,
    end_time: nullableSpanFilter,
    expected_start_time: spanFilter,
    next_scheduled_start_time: spanFilter,
    parent_flow_run_id: anyId,
    parent_task_run_id: idPresence,
    idempotency_key: textFilter,
    created_by: creatorFilter,
  })
  .meta({ id: 'FlowRunFilter' })

export const taskRunFilter = z
  .object({
    operator,
    id: idFilter,
    name: nameFilter,
    tags: ownTagsFilter,
    state: taskRunStateFilter,
    start_time: nullableSpanFilter,
    end_time: nullableSpanFilter,
    expected_start_time: spanFilter,
    subflow_runs: existsFilter,
    flow_run_id: idPresence,
  })
  .meta({ id: 'TaskRunFilter' })

/** Keys beside the id are kept, so that the verb knows that more was asked than it can tell. */
const deploymentFilter = z.looseObject({ operator, id: idFilter }).meta({ id: 'DeploymentFilter' })
const workPoolFilter = z
  .looseObject({ operator, id: idFilter, name: nameFilter })
  .meta({ id: 'WorkPoolFilter' })
const workQueueFilter = z
  .looseObject({ operator, id: idFilter, name: queueNameFilter })
  .meta({ id: 'WorkQueueFilter' })

/** The named parts that all lists of flows and runs take. */
export const runFilterParts = {
  flows: flowFilter.nullish(),
  flow_runs: flowRunFilter.nullish(),
  task_runs: taskRunFilter.nullish(),
  deployments: deploymentFilter.nullish(),
  work_pools: workPoolFilter.nullish(),
  work_pool_queues: workQueueFilter.nullish(),
  work_queues: workQueueFilter.nullish(),
}

const parts = z.object(runFilterParts)

/** The filters of a body. Work queues go by two names. */
export const runFilters = (body: z.output<typeof parts>): RunFilters => ({
  flows: body.flows,
  flow_runs: body.flow_runs,
  task_runs: body.task_runs,
  deployments: body.deployments,
  work_pools: body.work_pools,
  work_queues: body.work_pool_queues ?? body.work_queues,
})
