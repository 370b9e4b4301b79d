import { isStale } from '../db/refusals.ts'
import type { FlowRunRow } from '../db/rows/flow-run.ts'
import { inTransaction } from '../db/transaction.ts'
import { uuidv7 } from '../db/uuid.ts'
import type { Change } from '../domain/change.ts'
import {
  decide,
  type EmpiricalPolicy,
  type FlowRunView,
  type ProposedState,
} from '../domain/orchestration/decide.ts'
import { minimalFlowPolicy } from '../domain/orchestration/policies.ts'
import { policyOfLabels } from '../domain/orchestration/policy-of-labels.ts'
import { NotFound } from '../domain/problem.ts'
import { generateRunName } from '../domain/run-name.ts'
import { formatInstant } from '../domain/time.ts'
import { languageOf } from '../domain/work/language.ts'
import {
  type FlowOfRun,
  noContext,
  type RunsContext,
  readContexts,
  readExisting,
  readFlows,
} from './creation-reads.ts'
import type { Created, NewFlowRun } from './engine.ts'
import { flowRunChange } from './flow-run-change.ts'
import { type FlowRunEvent, flowRunEvent } from './flow-run-event.ts'
import {
  type FlowRunColumns,
  type FlowRunInsert,
  insertFlowRuns,
  insertKnownFlowRuns,
} from './flow-run-rows.ts'
import type { TransitionDeps } from './flow-run-transitions.ts'
import { type FollowUp, upsertFollowUps } from './follow-ups.ts'
import { type Mirror, mirrorToParentTasks } from './mirror.ts'
import { publishAll, publishEvents } from './publish.ts'
import { RollupDeltas } from './rollup.ts'
import type { Signal } from './signals.ts'
import { countedAfter, stateColumns, storedAtCreation, textOf, withId } from './stored.ts'
import { noFacts } from './task-run-transitions.ts'
import { type EventRow, happenedColumns } from './write-set.ts'

const pending: ProposedState = { type: 'PENDING', name: 'Pending', message: '', details: {}, data: null }

/**
 * Makes a batch of flow runs, each with its first state, in one transaction. A run whose idempotency key (or own id) is
 * already there is answered as it stands. A key that another process takes in the same moment fails the batch, whose
 * items are then tried singly and find it.
 *
 * Runs that belong to nothing but flows which this process knows are made by one statement alone, on the condition that these still
 * are as they were known. Where one is not, nothing is written, and the batch looks first after all.
 */
export async function createFlowRuns(
  deps: TransitionDeps,
  wanted: readonly NewFlowRun[],
): Promise<readonly (Created<FlowRunRow> | Error)[]> {
  await deps.watch.ready()
  const flows = wanted.every(isPlain) ? deps.knownFlows.of(wanted) : null
  return (flows && (await createOfKnownFlows(deps, wanted, flows))) ?? createAfterLook(deps, wanted)
}

/** Whether nothing is to be looked at but the flow. */
const isPlain = (run: NewFlowRun): boolean =>
  run.deploymentId === null &&
  run.idempotencyKey === null &&
  run.parentTaskRunId === null &&
  run.workPoolName === null &&
  run.workQueueName === null &&
  !run.workQueueId &&
  run.id === undefined &&
  run.reported === undefined

/** null: nothing was written, since something has to be looked at before. */
async function createOfKnownFlows(
  deps: TransitionDeps,
  wanted: readonly NewFlowRun[],
  flows: ReadonlyMap<string, FlowOfRun>,
): Promise<Creations['answers'] | null> {
  const plan = planCreations(deps, wanted, { flows, existing: () => undefined, contextOf: () => noContext })
  if (plan.inserts.length < wanted.length || plan.mirrors.length > 0 || plan.followUps.length > 0) return null
  const watched = deps.watch.wantedOf(plan.events)
  const written = await insertKnownFlowRuns(deps.sql, plan.inserts, plan.deltas, watched, [
    ...flows.values(),
  ]).catch((error: unknown) => {
    // So version_if_whole() of the database says it.
    if (isStale(error)) return null
    throw error
  })
  if (written === null) {
    deps.knownFlows.forget(flows.keys())
    return null
  }
  tell(deps, plan, written[0]?.version ?? null)
  return plan.answers
}

async function createAfterLook(
  deps: TransitionDeps,
  wanted: readonly NewFlowRun[],
): Promise<Creations['answers']> {
  /** The version of all rows from the COMMIT on, once it is known. */
  let version: string | null = null
  const { plan, flows } = await inTransaction(deps.sql, async (sql, write) => {
    const [flows, existing, contextOf] = await Promise.all([
      readFlows(sql, wanted),
      readExisting(sql, wanted),
      readContexts(sql, wanted),
    ])
    const plan = planCreations(deps, wanted, { flows, existing, contextOf })
    const { inserts, mirrors, followUps, deltas, events, published } = plan
    if (inserts.length > 0) {
      const isReplay = wanted.some((run) => run.reported !== undefined)
      const mirrored =
        mirrors.length > 0 ? await mirrorToParentTasks(deps, sql, mirrors, deltas, published) : []
      write(
        () =>
          insertFlowRuns(sql, inserts, deltas, isReplay, deps.watch.wantedOf(events)).then(([row]) => {
            version = row?.version ?? null
          }),
        followUps.length > 0 ? upsertFollowUps(sql, followUps) : null,
        ...mirrored,
      )
    }
    return { plan, flows }
  })
  deps.knownFlows.keep(flows)
  tell(deps, plan, version)
  return plan.answers
}

function tell(
  deps: TransitionDeps,
  { published, events, due, alone }: Creations,
  version: string | null,
): void {
  publishAll(deps, published)
  publishEvents(deps, events)
  deps.signals.emit(due)
  if (version === null) return
  for (const { workspaceId, row, flow } of alone)
    deps.known.keep(storedAtCreation(workspaceId, row, flow, version))
}

/** What is known of the runs that are wanted. */
interface CreationFacts {
  readonly flows: ReadonlyMap<string, FlowOfRun>
  readonly existing: (run: NewFlowRun) => FlowRunRow | undefined
  readonly contextOf: (run: NewFlowRun) => RunsContext | Error
}

/** What making a batch of runs answers, writes and tells. */
interface Creations {
  readonly answers: readonly (Created<FlowRunRow> | Error)[]
  readonly inserts: readonly FlowRunInsert[]
  readonly mirrors: readonly Mirror[]
  readonly followUps: readonly FollowUp[]
  readonly deltas: RollupDeltas
  readonly published: [string, Change][]
  readonly events: readonly EventRow[]
  readonly due: readonly Signal[]
  /** Runs that belong to nothing but their flow. */
  readonly alone: readonly {
    readonly workspaceId: string
    readonly row: FlowRunRow
    readonly flow: FlowOfRun
  }[]
}

function planCreations(
  deps: TransitionDeps,
  wanted: readonly NewFlowRun[],
  { flows, existing, contextOf }: CreationFacts,
): Creations {
  const inserts: FlowRunInsert[] = []
  const mirrors: Mirror[] = []
  const followUps: FollowUp[] = []
  const deltas = new RollupDeltas()
  const published: [string, Change][] = []
  const events: EventRow[] = []
  const due: Signal[] = []
  const alone: Creations['alone'][number][] = []
  const answers = wanted.map((run): Created<FlowRunRow> | Error => {
    const there = existing(run)
    if (there) return { created: false, row: there }
    const flow = flows.get(`${run.workspaceId} ${run.flowId}`)
    if (!flow) return new NotFound(`Flow with id ${run.flowId}`)
    const context = contextOf(run)
    if (context instanceof Error) return context
    const id = run.id ?? uuidv7()
    const labels = labelsOf(flow, run)
    // Member by member, here and below: a spread costs microseconds, and this is made for every run.
    const view: FlowRunView = {
      kind: 'flow-run',
      id,
      state: null,
      runCount: 0,
      startMicros: null,
      endMicros: null,
      expectedStartMicros: null,
      nextScheduledStartMicros: null,
      totalRunTimeSeconds: 0,
      policy: policyOf(labels, run),
      deploymentId: run.deploymentId,
      parentTaskRunId: run.parentTaskRunId,
      infrastructurePid: null,
      workQueueId: context.workQueueId,
      claimToken: null,
    }
    const now = deps.nowMicros()
    const decision = decide(
      minimalFlowPolicy,
      view,
      run.state ?? pending,
      noFacts(run.reported?.atMicros ?? now, deps.dice(), run.client),
    )
    const { write: state, patch, effects, reason } = decision
    if (!state) return new Error(`a first state was refused: ${reason}`)
    const stateId = run.reported?.stateId ?? uuidv7()
    const columns = stateColumns(stateId, state, patch)
    const createdAt = formatInstant(now)
    const name = run.name ?? generateRunName(deps.dice)
    const insert: FlowRunColumns = {
      workspace_id: run.workspaceId,
      id,
      flow_id: flow.id,
      name,
      flow_version: run.flowVersion,
      deployment_id: run.deploymentId,
      deployment_version: run.deploymentVersion ?? null,
      deployment_version_id: run.deploymentVersionId ?? null,
      work_pool_name: context.workPoolName,
      work_queue_id: context.workQueueId,
      work_queue_name: context.workQueueName,
      auto_scheduled: run.autoScheduled ?? false,
      infrastructure_document_id: run.infrastructureDocumentId ?? null,
      idempotency_key: run.idempotencyKey,
      parent_task_run_id: run.parentTaskRunId,
      parameters: run.parameters,
      context: run.context,
      job_variables: run.jobVariables,
      empirical_policy: patch.policy,
      tags: run.tags,
      labels,
      created_by: run.createdBy,
      created_at: createdAt,
    }
    deltas.move(
      null,
      countedAfter(
        { kind: 'flow-run', workspaceId: run.workspaceId, flowId: flow.id, deploymentId: run.deploymentId },
        state,
        patch,
      ),
    )
    let event: FlowRunEvent | null = null
    for (const effect of effects) {
      if (effect.type === 'emit-event') {
        event = flowRunEvent(
          {
            workspaceId: run.workspaceId,
            id,
            name,
            flowId: flow.id,
            flowName: flow.name,
            flowTags: flow.tags,
            tags: run.tags,
            parentTaskRunId: run.parentTaskRunId,
            deploymentId: run.deploymentId,
            deploymentName: context.deploymentName,
            deploymentTags: context.deploymentTags,
            workQueueId: context.workQueueId,
            workQueueName: context.workQueueName,
            workPoolId: context.workPoolId,
            workPoolName: context.workPoolName,
            workPoolType: context.workPoolType,
            createdBy: run.createdBy,
          },
          patch.runCount,
          null,
          withId(stateId, state),
        )
        events.push(event)
      } else if (effect.type === 'mirror-to-parent-task') {
        mirrors.push({
          workspaceId: run.workspaceId,
          taskRunId: effect.taskRunId,
          childFlowRunId: id,
          state,
        })
      } else if (effect.type === 'follow-up') {
        followUps.push({ workspaceId: run.workspaceId, runId: id, ...effect })
      }
    }
    if (
      patch.nextScheduledStartMicros !== null &&
      (context.workQueueId !== null || run.deploymentId !== null)
    )
      due.push({
        type: 'due',
        workspaceId: run.workspaceId,
        workPoolId: context.workPoolId,
        workQueueId: context.workQueueId,
        deploymentId: run.deploymentId,
        language: languageOf(context.deploymentEntrypoint),
        dueMicros: patch.nextScheduledStartMicros,
      })
    inserts.push({ run: insert, state: columns, happened: happenedColumns(event) })
    published.push([
      run.workspaceId,
      flowRunChange(
        {
          id,
          flowId: flow.id,
          name,
          tags: run.tags,
          deploymentId: run.deploymentId,
          parentTaskRunId: run.parentTaskRunId,
        },
        columns,
      ),
    ])
    const row: FlowRunRow = {
      id,
      flowId: flow.id,
      flowName: flow.name,
      name,
      flowVersion: run.flowVersion,
      deploymentId: run.deploymentId,
      deploymentVersion: insert.deployment_version,
      deploymentVersionId: insert.deployment_version_id,
      workPoolId: context.workPoolId,
      workPoolName: context.workPoolName,
      workQueueId: context.workQueueId,
      workQueueName: context.workQueueName,
      idempotencyKey: run.idempotencyKey,
      parentTaskRunId: run.parentTaskRunId,
      parameters: run.parameters,
      context: run.context,
      jobVariables: run.jobVariables,
      empiricalPolicy: patch.policy,
      tags: run.tags,
      labels,
      createdBy: run.createdBy,
      autoScheduled: insert.auto_scheduled,
      infrastructureDocumentId: insert.infrastructure_document_id,
      infrastructurePid: null,
      stateId,
      stateType: state.type,
      stateName: state.name,
      stateAt: columns.state_at,
      stateMessage: state.message,
      stateDetails: state.details,
      stateData: state.data,
      runCount: patch.runCount,
      startAt: columns.start_at,
      endAt: columns.end_at,
      expectedStartAt: columns.expected_start_at,
      nextScheduledStartAt: textOf(patch.nextScheduledStartMicros),
      totalRunTimeSeconds: 0,
      createdAt,
      updatedAt: createdAt,
    }
    if (run.deploymentId === null && context === noContext)
      alone.push({ workspaceId: run.workspaceId, row, flow })
    return { created: true, row }
  })
  return { answers, inserts, mirrors, followUps, deltas, published, events, due, alone }
}

/** Labels of a run: its flow's, what it belongs to, its own. Of the runs of a flow that have nothing of their own the same object. */
function labelsOf(flow: FlowOfRun, run: NewFlowRun): Readonly<Record<string, unknown>> {
  if (run.deploymentId === null && isEmpty(run.labels)) return flow.labelsOfRuns
  return {
    ...flow.labelsOfRuns,
    ...(run.deploymentId ? { 'prefect.deployment.id': run.deploymentId } : {}),
    ...run.labels,
  }
}

const policyOf = (
  labels: Readonly<Record<string, unknown>>,
  { empiricalPolicy }: NewFlowRun,
): EmpiricalPolicy =>
  isEmpty(empiricalPolicy) ? policyOfLabels(labels) : { ...policyOfLabels(labels), ...empiricalPolicy }

function isEmpty(members: object): boolean {
  for (const _ in members) return false
  return true
}
