import { evaluateWorkspace } from '../control/automations/evaluate-workspace.ts'
import { formatInstant } from '../domain/time.ts'
import type { Service, ServiceScope } from './service.ts'

/** Workspaces looked at in one turn. */
const WORKSPACES = 200

/** Counts the events that automations want to see, and closes windows whose time is up. */
export const evaluateAutomations: Service = {
  name: 'evaluate-automations',
  everySeconds: 1,
  runOnce: async (scope) => {
    let [events, fired, more] = [0, 0, false]
    for (const workspaceId of await workspacesToEvaluate(scope)) {
      const evaluated = await evaluateWorkspace(scope.db.engine, workspaceId, scope.nowMicros())
      events += evaluated.events
      fired += evaluated.fired
      more ||= evaluated.more
    }
    return { counts: { events, fired }, more }
  },
}

/** One step from workspace to workspace along the intake's key, however much of each there is. */
async function workspacesToEvaluate({ db, nowMicros }: ServiceScope): Promise<readonly string[]> {
  const now = formatInstant(nowMicros())
  const rows = await db.engine<{ workspaceId: string }[]>`
    with recursive waiting as (
      (select workspace_id from automation_intake order by workspace_id limit 1)
      union all
      select (select i.workspace_id from automation_intake i where i.workspace_id > w.workspace_id order by i.workspace_id limit 1)
      from waiting w where w.workspace_id is not null
    )
    (select workspace_id from waiting where workspace_id is not null limit ${WORKSPACES})
    union
    (select distinct workspace_id from (
      select workspace_id from automation_windows where close_at <= ${now} order by close_at limit ${WORKSPACES}) closing)`
  // Replicas that begin together begin elsewhere.
  return rows
    .map((row) => ({ id: row.workspaceId, order: Math.random() }))
    .sort((a, b) => a.order - b.order)
    .map((each) => each.id)
}
