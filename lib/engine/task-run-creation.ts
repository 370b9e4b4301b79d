import type { Transaction } from '../db/clients.ts'
import { type TaskRunRow, taskRunColumns } from '../db/rows/task-run.ts'
import { inTransaction } from '../db/transaction.ts'
import { uuidv7 } from '../db/uuid.ts'
import type { Change } from '../domain/change.ts'
import { decide, type ProposedState, type TaskRunView } from '../domain/orchestration/decide.ts'
import { backgroundTaskPolicy, minimalTaskPolicy } from '../domain/orchestration/policies.ts'
import { formatInstant } from '../domain/time.ts'
import { type EnqueuedTask, enqueuedSignals, enqueuedTask, enqueueTasks } from './background-tasks.ts'
import type { Created, NewTaskRun } from './engine.ts'
import type { TransitionDeps } from './flow-run-transitions.ts'
import { publishAll } from './publish.ts'
import { RollupDeltas } from './rollup.ts'
import { countedAfter, stateColumns, stateRow, textOf, unstarted } from './stored.ts'
import { type TaskRunUpsert, upsertTaskRuns } from './task-run-rows.ts'
import { noFacts } from './task-run-transitions.ts'
import { insertDeltas, insertTaskRunStates, type StateRow } from './write-set.ts'

const pending: ProposedState = { type: 'PENDING', name: 'Pending', message: '', details: {}, data: null }

/** Makes a batch of task runs (2.x clients' and stand-ins of sub-flows) in one transaction. A natural key that is there already is answered as it stands. */
export async function createTaskRuns(
  deps: TransitionDeps,
  wanted: readonly NewTaskRun[],
): Promise<(Created<TaskRunRow> | Error)[]> {
  const published: [string, Change][] = []
  let enqueued: EnqueuedTask[] = []
  const results = await inTransaction(deps.sql, async (sql, writeLast) => {
    const [existing, labelsOf] = await Promise.all([readExisting(sql, wanted), readLabels(sql, wanted)])
    const inserts: TaskRunUpsert[] = []
    enqueued = []
    const states: StateRow[] = []
    const deltas = new RollupDeltas()

    const answers = wanted.map((run): Created<TaskRunRow> | Error => {
      const there = existing(run)
      if (there) return { created: false, row: there }
      const id = run.id ?? uuidv7()
      const view: TaskRunView = {
        kind: 'task-run',
        id,
        ...unstarted(run.empiricalPolicy),
        flowRunId: run.flowRunId,
        flowRunRunCount: 0,
        tags: run.tags,
      }
      const now = deps.nowMicros()
      const first = run.state ?? pending
      // A deferred task is handed out from its first state on.
      const policy = first.details.deferred === true ? backgroundTaskPolicy : minimalTaskPolicy
      const { write, patch, effects, reason } = decide(
        policy,
        view,
        first,
        noFacts(now, deps.dice(), run.client),
      )
      if (!write) return new Error(`a first state was refused: ${reason}`)
      const stateId = uuidv7()
      const columns = stateColumns(stateId, write, patch)
      const createdAt = formatInstant(now)
      const labels = {
        ...(run.flowRunId
          ? { ...labelsOf.get(`${run.workspaceId} ${run.flowRunId}`), 'prefect.flow-run.id': run.flowRunId }
          : {}),
        ...run.labels,
      }
      const insert: TaskRunUpsert = {
        workspace_id: run.workspaceId,
        id,
        flow_run_id: run.flowRunId,
        task_key: run.taskKey,
        dynamic_key: run.dynamicKey,
        name: run.name ?? `${run.taskKey.slice(0, 200)}-${run.dynamicKey.slice(0, 8)}`,
        task_version: run.taskVersion,
        cache_key: run.cacheKey,
        cache_expiration: textOf(run.cacheExpirationMicros),
        empirical_policy: patch.policy,
        tags: run.tags,
        labels,
        task_inputs: run.taskInputs,
        flow_run_run_count: patch.flowRunRunCount,
        created_at: createdAt,
        ...columns,
      }
      inserts.push(insert)
      states.push(stateRow(run.workspaceId, id, stateId, write))
      for (const effect of effects) {
        if (effect.type === 'enqueue-background-task')
          enqueued.push(
            enqueuedTask({ workspaceId: run.workspaceId, id, taskKey: run.taskKey }, effect.queue, write),
          )
      }
      deltas.move(
        null,
        countedAfter(
          { kind: 'task-run', workspaceId: run.workspaceId, flowId: null, deploymentId: null },
          write,
          patch,
        ),
      )
      published.push([
        run.workspaceId,
        {
          kind: 'task-run',
          id,
          flowRunId: run.flowRunId,
          name: insert.name,
          taskKey: run.taskKey,
          stateId,
          stateType: write.type,
          stateName: write.name,
          stateAt: columns.state_at,
          stateMessage: write.message.slice(0, 2_000),
          expectedStartAt: columns.expected_start_at,
          startAt: columns.start_at,
          endAt: columns.end_at,
          totalRunTimeSeconds: 0,
          runCount: patch.runCount,
          tags: run.tags,
          taskInputs: {},
        },
      ])
      return {
        created: true,
        row: {
          id,
          flowRunId: run.flowRunId,
          taskKey: run.taskKey,
          dynamicKey: run.dynamicKey,
          name: insert.name,
          taskVersion: run.taskVersion,
          cacheKey: run.cacheKey,
          cacheExpiration: insert.cache_expiration,
          empiricalPolicy: patch.policy,
          tags: run.tags,
          labels,
          taskInputs: run.taskInputs,
          flowRunRunCount: patch.flowRunRunCount,
          stateId,
          stateType: write.type,
          stateName: write.name,
          stateAt: columns.state_at,
          stateMessage: write.message,
          stateDetails: write.details,
          stateData: write.data,
          runCount: patch.runCount,
          startAt: columns.start_at,
          endAt: columns.end_at,
          expectedStartAt: columns.expected_start_at,
          nextScheduledStartAt: columns.next_scheduled_start_at,
          totalRunTimeSeconds: 0,
          createdAt,
          updatedAt: createdAt,
        },
      }
    })
    if (inserts.length > 0) {
      writeLast(
        upsertTaskRuns(sql, inserts),
        insertTaskRunStates(sql, states),
        insertDeltas(sql, deltas),
        enqueued.length > 0 ? enqueueTasks(sql, enqueued) : null,
      )
    }
    return answers
  })
  publishAll(deps, published)
  deps.signals.emit(enqueuedSignals(enqueued))
  return results
}

type ExistingRow = TaskRunRow & { readonly workspaceId: string }

async function readExisting(
  sql: Transaction,
  wanted: readonly NewTaskRun[],
): Promise<(run: NewTaskRun) => TaskRunRow | undefined> {
  const natural = wanted.filter((run) => run.flowRunId !== null)
  const named = wanted.filter((run) => run.id !== null)
  const [byKey, byId] = await Promise.all([
    natural.length === 0
      ? []
      : sql<ExistingRow[]>`
      select t.workspace_id, ${taskRunColumns(sql)}
      from unnest(${natural.map((r) => r.workspaceId)}::uuid[], ${natural.map((r) => r.flowRunId)}::uuid[],
                  ${natural.map((r) => r.taskKey)}::text[], ${natural.map((r) => r.dynamicKey)}::text[])
        k (workspace_id, flow_run_id, task_key, dynamic_key)
      join task_runs t on t.workspace_id = k.workspace_id and t.flow_run_id = k.flow_run_id and t.task_key = k.task_key and t.dynamic_key = k.dynamic_key`,
    named.length === 0
      ? []
      : sql<ExistingRow[]>`
      select t.workspace_id, ${taskRunColumns(sql)}
      from unnest(${named.map((r) => r.workspaceId)}::uuid[], ${named.map((r) => r.id)}::uuid[]) k (workspace_id, id)
      join task_runs t on t.workspace_id = k.workspace_id and t.id = k.id`,
  ])
  const found = new Map<string, TaskRunRow>()
  for (const row of byKey)
    found.set(`${row.workspaceId} ${row.flowRunId} ${row.taskKey} ${row.dynamicKey}`, row)
  for (const row of byId) found.set(`${row.workspaceId} ${row.id}`, row)
  return (run) =>
    found.get(`${run.workspaceId} ${run.flowRunId} ${run.taskKey} ${run.dynamicKey}`) ??
    (run.id === null ? undefined : found.get(`${run.workspaceId} ${run.id}`))
}

async function readLabels(
  sql: Transaction,
  wanted: readonly NewTaskRun[],
): Promise<Map<string, Record<string, unknown>>> {
  const parents = wanted.filter((run) => run.flowRunId !== null)
  if (parents.length === 0) return new Map()
  const rows = await sql<{ workspaceId: string; id: string; labels: Record<string, unknown> }[]>`
    select distinct r.workspace_id, r.id, r.labels
    from unnest(${parents.map((r) => r.workspaceId)}::uuid[], ${parents.map((r) => r.flowRunId)}::uuid[]) k (workspace_id, id)
    join flow_runs r on r.workspace_id = k.workspace_id and r.id = k.id`
  return new Map(rows.map((row) => [`${row.workspaceId} ${row.id}`, row.labels]))
}
