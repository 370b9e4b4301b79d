import { z } from 'zod'
import type { RunFilters } from '../../control/filters/run-filters.ts'
import {
  anyId,
  anyRelatedId,
  anyRelatedText,
  anyText,
  creatorFilter,
  equalFilter,
  existsFilter,
  filterOf,
  flowRunStateFilter,
  idFilter,
  idPresence,
  nameFilter,
  nullableSpanFilter,
  nullFilter,
  operator,
  ownTagsFilter,
  spanFilter,
  sub,
  tagsFilter,
  taskRunStateFilter,
  text,
  textFilter,
  textPresence,
  versionIdFilter,
  versionInfoFilter,
} from './operators.ts'
import { workPoolListFilter, workQueueListFilter } from './work-filters.ts'

export const flowFilter = filterOf({
  operator,
  id: idFilter,
  deployment: nullFilter,
  name: nameFilter,
  tags: ownTagsFilter,
  created_by: creatorFilter,
  updated_by: creatorFilter,
}).meta({ id: 'FlowFilter' })

export const flowRunFilter = filterOf({
  operator,
  id: idFilter,
  name: nameFilter,
  tags: tagsFilter,
  flow_id: anyRelatedId,
  deployment_id: idPresence,
  deployment_version_id: versionIdFilter,
  deployment_version_info: versionInfoFilter,
  work_queue_id: idPresence,
  work_queue_name: textPresence,
  state: flowRunStateFilter,
  flow_version: anyText,
  start_time: nullableSpanFilter,
  end_time: nullableSpanFilter,
  expected_start_time: spanFilter,
  next_scheduled_start_time: spanFilter,
  parent_flow_run_id: anyRelatedId,
  parent_task_run_id: idPresence,
  idempotency_key: textFilter,
  created_by: creatorFilter,
}).meta({ id: 'FlowRunFilter' })

export const taskRunFilter = filterOf({
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
}).meta({ id: 'TaskRunFilter' })

export const deploymentFilter = filterOf({
  operator,
  id: idFilter,
  name: nameFilter,
  flow_or_deployment_name: sub({ like_: text.nullish() }),
  paused: equalFilter,
  is_schedule_active: equalFilter,
  tags: tagsFilter,
  flow_id: anyId,
  work_queue_id: anyId,
  work_queue_name: anyText,
  status: anyText,
  branch: textPresence,
  base: anyRelatedText,
  root: anyRelatedText,
  created_by: creatorFilter,
  updated_by: creatorFilter,
  concurrency_limit: sub({
    ge_: z.int().nullish(),
    le_: z.int().nullish(),
    is_null_: z.boolean().nullish(),
  }),
}).meta({ id: 'DeploymentFilter' })

/** The named parts that all lists of flows and runs take. */
export const runFilterParts = {
  flows: flowFilter.nullish(),
  flow_runs: flowRunFilter.nullish(),
  task_runs: taskRunFilter.nullish(),
  deployments: deploymentFilter.nullish(),
  work_pools: workPoolListFilter.nullish(),
  work_pool_queues: workQueueListFilter.nullish(),
  work_queues: workQueueListFilter.nullish(),
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
