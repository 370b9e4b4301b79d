import { parseInstant } from '../domain/time.ts'
import { enqueueCleanup } from '../engine/cleanup-desk.ts'
import { type DueRun, workOffFollowUps } from './follow-ups.ts'
import { serviceClient, serviceState } from './proposal.ts'
import type { Service, ServiceScope } from './service.ts'

/** Task runs and sub-flows stopped in one turn of one parent. */
const MOST_CHILDREN = 500
/** A client that has not heard yet may start another child meanwhile: the parent is looked at once more after this. */
const SECOND_LOOK_MICROS = 60_000_000

const parentMessage = 'The parent flow run was cancelled.'

/** Ends cancellations that nobody confirmed, and stops what cancelled runs had started. */
export const cleanUpCancellations: Service = {
  name: 'clean-up-cancellations',
  everySeconds: 5,
  runOnce: async (scope) => {
    const stuck = await workOffFollowUps(scope, 'cancel-timeout', (run) => endCancellation(scope, run))
    const parents = await workOffFollowUps(scope, 'cancel-children', (run) => stopChildren(scope, run))
    return {
      counts: { stuck: stuck.due, ended: stuck.changed, parents: parents.due, stopped: parents.changed },
      more: stuck.more || parents.more,
    }
  },
}

async function endCancellation(
  { db, engine }: ServiceScope,
  { workspaceId, runId }: DueRun,
): Promise<boolean> {
  const { written } = await engine.setFlowRunState({
    workspaceId,
    runId,
    state: serviceState('CANCELLED', 'Flow run cancellation timed out; marked this flow run as Cancelled.'),
    policy: 'cancel-timeout',
    client: serviceClient,
  })
  // Its process did not stop by itself: a worker of its pool is told to end it.
  if (written) await enqueueCleanup(db.engine, workspaceId, runId, 'cancelling_timeout_teardown.v1')
  return written
}

async function stopChildren(
  { db, engine, nowMicros }: ServiceScope,
  { workspaceId, runId }: DueRun,
): Promise<boolean | { againMicros: number; changed: boolean }> {
  const [parent] = await db.engine<{ stateType: string | null; stateAt: string | null }[]>`
    select state_type, state_at from flow_runs where workspace_id = ${workspaceId} and id = ${runId}`
  // It runs again: so may its children.
  if (parent?.stateType !== 'CANCELLED') return false
  const subFlows = await db.engine<{ id: string; deploymentId: string | null }[]>`
    select c.id, c.deployment_id from task_runs t
    join flow_runs c on c.workspace_id = t.workspace_id and c.parent_task_run_id = t.id
    where t.workspace_id = ${workspaceId} and t.flow_run_id = ${runId}
      and c.state_type not in ('COMPLETED', 'FAILED', 'CRASHED', 'CANCELLED', 'CANCELLING')
    order by c.id limit ${MOST_CHILDREN}`
  // A task run that stands for a sub-flow follows that sub-flow.
  const taskRuns = await db.engine<{ id: string }[]>`
    select t.id from task_runs t
    where t.workspace_id = ${workspaceId} and t.flow_run_id = ${runId}
      and t.state_type not in ('COMPLETED', 'FAILED', 'CRASHED', 'CANCELLED')
      and not exists (
        select from flow_runs c where c.workspace_id = t.workspace_id and c.parent_task_run_id = t.id
          and c.state_type not in ('COMPLETED', 'FAILED', 'CRASHED', 'CANCELLED'))
    order by t.id limit ${MOST_CHILDREN}`
  await Promise.all([
    ...subFlows.map(({ id, deploymentId }) =>
      engine.setFlowRunState({
        workspaceId,
        runId: id,
        // A sub-flow with a deployment has a process of its own, which has to be stopped first.
        state: serviceState(deploymentId === null ? 'CANCELLED' : 'CANCELLING', parentMessage),
        policy: 'cascade',
        client: serviceClient,
      }),
    ),
    ...taskRuns.map(({ id }) =>
      engine.setTaskRunState({
        workspaceId,
        runId: id,
        state: serviceState('CANCELLED', parentMessage),
        policy: 'cascade',
        client: serviceClient,
      }),
    ),
  ])
  const changed = subFlows.length + taskRuns.length > 0
  if (subFlows.length === MOST_CHILDREN || taskRuns.length === MOST_CHILDREN) {
    return { againMicros: nowMicros(), changed }
  }
  const secondLook = (parseInstant(parent.stateAt ?? '') ?? 0) + SECOND_LOOK_MICROS
  return secondLook > nowMicros() ? { againMicros: secondLook, changed } : changed
}
