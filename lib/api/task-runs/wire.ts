import type { TaskRunRow } from '../../db/rows/task-run.ts'
import { computedTimes, rowStateJson } from '../flow-runs/wire.ts'

/** JSON text of a task run as the wire has it. */
export function taskRunJson(row: TaskRunRow, nowMicros: number): string {
  const fields = JSON.stringify({
    id: row.id,
    created: row.createdAt,
    updated: row.updatedAt,
    name: row.name,
    flow_run_id: row.flowRunId,
    task_key: row.taskKey,
    dynamic_key: row.dynamicKey,
    cache_key: row.cacheKey,
    cache_expiration: row.cacheExpiration,
    task_version: row.taskVersion,
    empirical_policy: {
      max_retries: 0,
      retry_delay_seconds: 0,
      retries: null,
      retry_delay: null,
      retry_jitter_factor: null,
      ...row.empiricalPolicy,
    },
    tags: row.tags,
    labels: row.labels,
    state_id: row.stateId,
    state_type: row.stateType,
    state_name: row.stateName,
    run_count: row.runCount,
    flow_run_run_count: row.flowRunRunCount,
    expected_start_time: row.expectedStartAt,
    next_scheduled_start_time: row.nextScheduledStartAt,
    start_time: row.startAt,
    end_time: row.endAt,
    total_run_time: row.totalRunTimeSeconds,
    ...computedTimes(row, nowMicros),
  })
  return `${fields.slice(0, -1)},"task_inputs":${row.taskInputs},"state":${rowStateJson(row)}}`
}
