import type { Transaction } from '../../db/clients.ts'
import { readWorkspace } from '../../db/scope.ts'
import type { Facts } from '../../domain/orchestration/decide.ts'
import { type Explanation, explainRun } from '../../domain/orchestration/waiting/explain-run.ts'
import type { RunSight } from '../../domain/orchestration/waiting/waiting.ts'
import { NotFound } from '../../domain/problem.ts'
import { formatInstant } from '../../domain/time.ts'
import { claimFact, flowRunView, type StoredFlowRun, type storedState } from '../../engine/stored.ts'
import { type Context, requireScope } from '../context.ts'
import { readDeployment } from './waiting/read-deployment.ts'
import { readLastHeard } from './waiting/read-last-heard.ts'
import { readLines } from './waiting/read-lines.ts'
import { readTags } from './waiting/read-tags.ts'
import { readWork } from './waiting/read-work.ts'

export interface FlowRunExplanation extends Explanation {
  readonly flowRunId: string
  readonly state: ReturnType<typeof storedState>
}

/**
 * Why a run is not running, or what is known of it while it does: every rule that would hold it back, with the facts, a forecast
 * and what would help. Reads without locks: it answers what was true a moment ago. Throws NotFound.
 */
export async function explainFlowRun(ctx: Context, id: string): Promise<FlowRunExplanation> {
  requireScope(ctx, 'see_flows')
  const { workspaceId } = ctx
  const nowMicros = ctx.nowMicros()
  const now = formatInstant(nowMicros)
  const sight = await readWorkspace(ctx.db, workspaceId, async (sql): Promise<RunSight> => {
    const run = await readRun(sql, workspaceId, id)
    const [work, deployment, tags, lines, lastHeard] = await Promise.all([
      readWork(sql, workspaceId, run, now),
      readDeployment(sql, workspaceId, run, now),
      readTags(sql, workspaceId, run, now),
      readLines(sql, workspaceId, run, now),
      readLastHeard(sql, workspaceId, run),
    ])
    const facts: Facts = {
      nowMicros,
      client: { apiVersion: null, clientVersion: null },
      dice: 0,
      flowRun: null,
      cached: null,
      deploymentLimit: deployment?.limit ?? null,
      tagLimits: [],
      claim: claimFact(run),
      workSlots: work?.slots ?? null,
      freshClaimToken: null,
    }
    return {
      run: flowRunView(run),
      facts,
      name: run.name,
      deployment: deployment?.sight ?? null,
      pool: work?.pool ?? null,
      queue: work?.queue ?? null,
      tags,
      lines,
      lastHeard,
    }
  })
  return { flowRunId: sight.run.id, state: sight.run.state, ...explainRun(sight) }
}

async function readRun(sql: Transaction, workspaceId: string, id: string): Promise<StoredFlowRun> {
  const [run] = await sql<StoredFlowRun[]>`
    select r.workspace_id, r.id, r.name, r.tags, r.flow_id, f.name as flow_name, f.tags as flow_tags, r.parent_task_run_id,
           r.infrastructure_pid, r.empirical_policy, r.created_by, r.claim_token,
           r.deployment_id, null as deployment_name, null as deployment_tags, null as deployment_entrypoint, r.work_queue_id, r.work_queue_name,
           null as work_pool_id, r.work_pool_name, null as work_pool_type, to_jsonb(c) as claim,
           r.state_id, r.state_type, r.state_name, r.state_at, r.state_message, r.state_details, r.state_data,
           r.run_count, r.start_at, r.end_at, r.expected_start_at, r.next_scheduled_start_at, r.total_run_time_seconds
    from flow_runs r
    join flows f on f.workspace_id = r.workspace_id and f.id = r.flow_id
    left join run_claims c on c.workspace_id = r.workspace_id and c.run_id = r.id
    where r.workspace_id = ${workspaceId} and r.id = ${id}`
  if (!run) throw new NotFound('Flow run')
  return run
}
