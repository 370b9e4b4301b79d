import type { Queryable } from '../db/clients.ts'

/** What a transition may need to know of a run `r`: columns of StoredFlowRun, found by `runContext`. */
export const storedFlowRunColumns = (sql: Queryable) => sql`
  r.workspace_id, r.id, r.name, r.tags, r.flow_id, f.name as flow_name, f.tags as flow_tags, r.parent_task_run_id,
  r.infrastructure_pid, r.empirical_policy, r.created_by, r.claim_token,
  r.deployment_id, d.name as deployment_name, d.tags as deployment_tags, d.entrypoint as deployment_entrypoint,
  d.concurrency_limit_id as deployment_limit_id, d.concurrency_options,
  p.concurrency_limit as pool_limit, p.is_paused as pool_paused, q.concurrency_limit as queue_limit, q.is_paused as queue_paused,
  r.work_queue_id, coalesce(q.name, r.work_queue_name) as work_queue_name,
  p.id as work_pool_id, coalesce(p.name, r.work_pool_name) as work_pool_name, p.type as work_pool_type,
  case when c.token = coalesce(r.claim_token, r.id) then to_jsonb(c) end as claim,
  r.state_id, r.state_type, r.state_name, r.state_at, r.state_message, r.state_details, r.state_data,
  r.run_count, r.start_at, r.end_at, r.expected_start_at, r.next_scheduled_start_at, r.total_run_time_seconds,
  r.xmin as version, f.xmin as flow_version`

/** What a run `r` belongs to. It is found by primary keys, and costs a run that has none nothing. */
export const runContext = (sql: Queryable) => sql`
  join flows f on f.workspace_id = r.workspace_id and f.id = r.flow_id
  left join deployments d on d.workspace_id = r.workspace_id and d.id = r.deployment_id
  left join work_queues q on q.workspace_id = r.workspace_id and q.id = r.work_queue_id
  left join work_pools p on p.workspace_id = q.workspace_id and p.id = q.work_pool_id
  left join run_claims c on c.workspace_id = r.workspace_id and c.run_id = r.id`
