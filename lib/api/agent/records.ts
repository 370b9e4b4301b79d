import { z } from 'zod'
import type { ServerFrame } from '../../../agent/src/protocol/frames.ts'
import { MAX_RECORDS_PER_FRAME } from '../../../agent/src/protocol/frames.ts'
import type { Context } from '../../control/context.ts'
import { createFlow } from '../../control/flows/create-flow.ts'
import { Problem } from '../../domain/problem.ts'
import type { RawJson } from '../../domain/state.ts'
import { formatInstant } from '../../domain/time.ts'
import type { Engine, NewEvent, NewLog } from '../../engine/engine.ts'
import { proposedState } from '../flow-runs/proposal.ts'
import { instant, stateType, tags, uuid } from '../schemas.ts'

/** The agent's records (agent/src/protocol), checked where they enter. */

const name = z.string().min(1).max(2_000)
const reportedState = z.object({
  id: uuid,
  type: stateType,
  name: z.string().max(1_000).optional(),
  at: instant,
  message: z.string().max(2_000_000).optional(),
  scheduledFor: instant.optional(),
  claimToken: uuid.optional(),
})

const flowRunRecord = z.object({
  kind: z.literal('flow-run'),
  id: uuid,
  flowName: z.string().min(1).max(500),
  name,
  parameters: z.record(z.string(), z.unknown()),
  tags,
  flowVersion: z.string().max(1_000).optional(),
  retries: z.number().int().min(0).max(1_000_000).optional(),
  parentTaskRunId: uuid.optional(),
  state: reportedState,
})
const flowRunStateRecord = z.object({
  kind: z.literal('flow-run-state'),
  flowRunId: uuid,
  state: reportedState,
})
const taskInput = z.union([
  z.object({ type: z.literal('task_run'), id: uuid }),
  z.object({ type: z.literal('parameter'), name: z.string().max(2_000) }),
  z.object({ type: z.literal('constant') }),
])
const taskRunRecord = z.object({
  kind: z.literal('task-run'),
  id: uuid,
  flowRunId: uuid,
  taskKey: name,
  dynamicKey: name,
  name,
  tags,
  inputs: z.record(z.string(), z.array(taskInput).max(10_000)),
  runCount: z.number().int().min(0).max(2_147_483_647),
  retries: z.number().int().min(0).max(1_000_000).optional(),
  startedAt: instant.optional(),
  endedAt: instant.optional(),
  totalRunTimeSeconds: z.number().min(0).optional(),
  state: reportedState,
})
const logRecord = z.object({
  kind: z.literal('log'),
  id: uuid,
  flowRunId: uuid,
  taskRunId: uuid.optional(),
  logger: z.string().max(2_000),
  level: z.number().int().min(-32_768).max(32_767),
  message: z.string().max(1_000_000),
  at: instant,
})
const record = z.discriminatedUnion('kind', [flowRunRecord, flowRunStateRecord, taskRunRecord, logRecord])
type CheckedRecord = z.output<typeof record>

/** The frame around records; each record is checked by itself, so that a bad one is refused alone. */
export const numberedRecords = z
  .array(z.looseObject({ seq: z.number().int().min(1).max(Number.MAX_SAFE_INTEGER), record: z.unknown() }))
  .max(MAX_RECORDS_PER_FRAME)

export type Reply = Extract<ServerFrame, { type: 'refused' | 'verdict' }>
const client = { apiVersion: null, clientVersion: null }

/**
 * Writes a frame's records, and settles when all are committed or refused for good: only then may they be acknowledged.
 * Throws Unavailable when the same frame should be sent again.
 */
export async function applyRecords(
  ctx: Context,
  engine: Engine,
  records: readonly { seq: number; record?: unknown }[],
): Promise<Reply[]> {
  const replies: Reply[] = []
  const checked: { seq: number; record: CheckedRecord }[] = []
  for (const entry of records) {
    const result = record.safeParse(entry.record)
    if (result.success) checked.push({ seq: entry.seq, record: result.data })
    else {
      const issue = result.error.issues[0]
      replies.push({
        type: 'refused',
        seq: entry.seq,
        reason: `${issue?.path.join('.') ?? ''}: ${issue?.message ?? 'is no record'}`,
      })
    }
  }
  const attempt = async (seq: number, work: () => Promise<Reply | undefined>): Promise<void> => {
    try {
      const reply = await work()
      if (reply) replies.push(reply)
    } catch (error) {
      // What may succeed later must not be acknowledged now.
      if (!(error instanceof Problem) || error.code === 'unavailable') throw error
      replies.push({ type: 'refused', seq, reason: error.message })
    }
  }

  // Runs first: their states, task runs and lines follow. A parent is created before its sub-flows, and so is the task run that
  // stands for a sub-flow there: states of a sub-flow are copied to it, and a copy that finds nobody is lost.
  const standIns = new Set<TaskRunRecord>()
  for (const generation of generationsOf(checked.map((each) => each.record))) {
    if (generation.standIns.length > 0) {
      await engine.receiveEvents(ctx.workspaceId, generation.standIns.map(taskRunEvent))
      for (const standIn of generation.standIns) standIns.add(standIn)
    }
    for (const { seq, record: made } of checked) {
      if (made.kind === 'flow-run' && generation.runs.has(made))
        await attempt(seq, () => createRun(ctx, engine, made))
    }
  }
  const events: NewEvent[] = []
  const logs: NewLog[] = []
  const stateChains = new Map<string, Promise<void>>()
  for (const { seq, record: one } of checked) {
    switch (one.kind) {
      case 'flow-run':
        break
      case 'flow-run-state': {
        // States of one run in their order; different runs side by side.
        const before = stateChains.get(one.flowRunId) ?? Promise.resolve()
        stateChains.set(
          one.flowRunId,
          before.then(() => attempt(seq, () => setRunState(ctx, engine, seq, one))),
        )
        break
      }
      case 'task-run':
        if (!standIns.has(one)) events.push(taskRunEvent(one))
        break
      case 'log':
        logs.push(newLog(one))
        break
    }
  }
  await Promise.all([
    ...stateChains.values(),
    events.length > 0 ? engine.receiveEvents(ctx.workspaceId, events) : null,
    logs.length > 0 ? engine.writeLogs(ctx.workspaceId, logs) : null,
  ])
  return replies
}

type FlowRunRecord = Extract<CheckedRecord, { kind: 'flow-run' }>
type TaskRunRecord = Extract<CheckedRecord, { kind: 'task-run' }>
interface Generation {
  /** What must be there before the runs are. */
  readonly standIns: TaskRunRecord[]
  readonly runs: Set<FlowRunRecord>
}

/** The new runs of a frame, parents before their sub-flows. Mostly there is one generation, and no stand-in in it. */
function generationsOf(records: readonly CheckedRecord[]): Generation[] {
  const generations: Generation[] = []
  const depths = new Map<string, number>()
  const taskRuns = new Map<string, TaskRunRecord>()
  for (const one of records) {
    if (one.kind === 'task-run' && !taskRuns.has(one.id)) taskRuns.set(one.id, one)
    if (one.kind !== 'flow-run') continue
    const standIn = one.parentTaskRunId === undefined ? undefined : taskRuns.get(one.parentTaskRunId)
    const depth = standIn ? (depths.get(standIn.flowRunId) ?? -1) + 1 : 0
    depths.set(one.id, depth)
    while (generations.length <= depth) generations.push({ standIns: [], runs: new Set() })
    const generation = generations[depth]
    generation?.runs.add(one)
    if (standIn) generation?.standIns.push(standIn)
  }
  return generations
}

async function createRun(
  ctx: Context,
  engine: Engine,
  run: z.output<typeof flowRunRecord>,
): Promise<undefined> {
  const { row: flow } = await createFlow(ctx, engine, { name: run.flowName, tags: [], labels: {} })
  await engine.createFlowRun({
    workspaceId: ctx.workspaceId,
    id: run.id,
    flowId: flow.id,
    name: run.name,
    flowVersion: run.flowVersion ?? null,
    deploymentId: null,
    workPoolName: null,
    workQueueName: null,
    idempotencyKey: null,
    parentTaskRunId: run.parentTaskRunId ?? null,
    parameters: JSON.stringify(run.parameters) as RawJson,
    context: '{}' as RawJson,
    jobVariables: null,
    // The agent retries by itself and reports what it did; the number is kept for the reader.
    empiricalPolicy: { retries: run.retries ?? 0 },
    tags: [...new Set(run.tags)],
    labels: {},
    createdBy: null,
    state: reported(run.state),
    reported: { stateId: run.state.id, atMicros: run.state.at },
    client,
  })
}

async function setRunState(
  ctx: Context,
  engine: Engine,
  seq: number,
  { flowRunId, state }: z.output<typeof flowRunStateRecord>,
): Promise<Reply | undefined> {
  const result = await engine.setFlowRunState({
    workspaceId: ctx.workspaceId,
    runId: flowRunId,
    state: reported(state),
    policy: 'reported',
    reported: { stateId: state.id, atMicros: state.at },
    client,
  })
  if (result.verdict === 'ACCEPT') return undefined
  return {
    type: 'verdict',
    seq,
    flowRunId,
    verdict: result.verdict,
    reason: result.reason,
    state: result.state && { type: result.state.type, name: result.state.name },
  }
}

const reported = (state: z.output<typeof reportedState>) =>
  proposedState(
    {
      type: state.type,
      name: state.name ?? null,
      message: state.message ?? null,
      state_details: {
        ...(state.scheduledFor !== undefined && { scheduled_time: formatInstant(state.scheduledFor) }),
        ...(state.claimToken !== undefined && { claim_token: state.claimToken }),
      },
    },
    undefined,
  )

const newLog = (log: z.output<typeof logRecord>): NewLog => ({
  id: log.id,
  flowRunId: log.flowRunId,
  taskRunId: log.taskRunId ?? null,
  workerId: null,
  logger: log.logger,
  level: log.level,
  message: log.message,
  atMicros: log.at,
})

/** A task run's report as the event that the stock client sends for the same: one recorder serves both. */
function taskRunEvent(run: z.output<typeof taskRunRecord>): NewEvent {
  const { state } = run
  const proposed = reported(state)
  const stateAt = formatInstant(state.at)
  const resource = {
    'prefect.resource.id': `prefect.task-run.${run.id}`,
    'prefect.resource.name': run.name,
    'prefect.run-count': String(run.runCount),
    'prefect.state-message': proposed.message.slice(0, 100_000),
    'prefect.state-name': proposed.name,
    'prefect.state-timestamp': stateAt,
    'prefect.state-type': state.type,
    'prefect.orchestration': 'client',
  }
  const related = [
    { 'prefect.resource.id': `prefect.flow-run.${run.flowRunId}`, 'prefect.resource.role': 'flow-run' },
    ...run.tags.map((tag) => ({
      'prefect.resource.id': `prefect.tag.${tag}`,
      'prefect.resource.role': 'tag',
    })),
  ]
  const payload = {
    intended: { from: null, to: state.type },
    initial_state: null,
    validated_state: {
      type: state.type,
      name: proposed.name,
      message: proposed.message,
      state_details: proposed.details,
      data: null,
    },
    task_run: {
      name: run.name,
      task_key: run.taskKey,
      dynamic_key: run.dynamicKey,
      empirical_policy: { retries: run.retries ?? 0 },
      tags: run.tags,
      labels: {},
      task_inputs: Object.fromEntries(
        Object.entries(run.inputs).map(([argument, sources]) => [
          argument,
          sources.map((source) =>
            source.type === 'task_run'
              ? { input_type: 'task_run', id: source.id }
              : source.type === 'parameter'
                ? { input_type: 'parameter', name: source.name }
                : { input_type: 'constant', type: 'json' },
          ),
        ]),
      ),
      run_count: run.runCount,
      flow_run_run_count: 1,
      ...(run.startedAt === undefined ? {} : { start_time: formatInstant(run.startedAt) }),
      ...(run.endedAt === undefined ? {} : { end_time: formatInstant(run.endedAt) }),
      total_run_time: run.totalRunTimeSeconds ?? 0,
    },
  }
  return {
    id: state.id,
    event: `prefect.task-run.${proposed.name}`,
    occurredMicros: state.at,
    follows: null,
    resource,
    related,
    payload,
    body: JSON.stringify({ resource, related, payload }) as RawJson,
  }
}
