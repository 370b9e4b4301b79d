import type { Transaction } from '../../db/clients.ts'
import type { StateType } from '../../domain/state.ts'
import { containing } from './columns.ts'

/** Which flow runs a list shows. Instants bound the expected start. */
export interface RunFilter {
  readonly fromAt: string | null
  readonly toAt: string | null
  readonly states: readonly StateType[] | null
  readonly flowIds: readonly string[]
  readonly name: string | null
  readonly tags: readonly string[]
  readonly deploymentIds: readonly string[]
  /** Without the runs that schedules made ahead: their time has not come. */
  readonly begun: boolean
}

export const everyRun: RunFilter = {
  fromAt: null,
  toAt: null,
  states: null,
  flowIds: [],
  name: null,
  tags: [],
  deploymentIds: [],
  begun: false,
}

/** Conditions on `r`, the workspace first. */
export const whereRuns = (
  sql: Transaction,
  workspaceId: string,
  filter: RunFilter,
): ReturnType<Transaction> => sql`
  r.workspace_id = ${workspaceId}
  ${filter.fromAt ? sql`and r.expected_start_at >= ${filter.fromAt}::timestamptz` : sql``}
  ${filter.toAt ? sql`and r.expected_start_at <= ${filter.toAt}::timestamptz` : sql``}
  ${filter.begun ? sql`and r.expected_start_at <= now()` : sql``}
  ${filter.states ? sql`and coalesce(r.state_type::text, 'PENDING') = any(${[...filter.states]}::text[])` : sql``}
  ${filter.flowIds.length > 0 ? sql`and r.flow_id = any(${[...filter.flowIds]}::uuid[])` : sql``}
  ${filter.name ? sql`and r.name ilike ${containing(filter.name)}` : sql``}
  ${filter.tags.length > 0 ? sql`and r.tags @> ${[...filter.tags]}::text[]` : sql``}
  ${filter.deploymentIds.length > 0 ? sql`and r.deployment_id = any(${[...filter.deploymentIds]}::uuid[])` : sql``}`
