import { randomUUID } from 'node:crypto'
import { describe, expect, test } from 'vitest'
import { uuidv7 } from '../db/uuid.ts'
import type { Change } from '../domain/change.ts'
import type { ProposedState } from '../domain/orchestration/decide.ts'
import type { RawJson, StateType } from '../domain/state.ts'
import { formatInstant } from '../domain/time.ts'
import { testDatabase } from '../testing/database.ts'
import { nowMicros } from './clock.ts'
import { createEngine } from './create-engine.ts'
import type { NewEvent, NewFlowRun } from './engine.ts'

const db = await testDatabase()
const published: [string, Change][] = []
const engine = createEngine({
  db,
  publish: (workspaceId, changes) =>
    published.push(...changes.map((c): [string, Change] => [workspaceId, c])),
})

const client = { apiVersion: null, clientVersion: null }
const state = (type: StateType, more: Partial<ProposedState> = {}): ProposedState => ({
  type,
  name: type.charAt(0) + type.slice(1).toLowerCase(),
  message: '',
  details: {},
  data: null,
  ...more,
})

async function workspaceWithFlow(): Promise<{ workspaceId: string; flowId: string }> {
  const [accountId, workspaceId, flowId] = [uuidv7(), uuidv7(), uuidv7()]
  const handle = `t${randomUUID().slice(0, 8)}`
  await db.engine`insert into accounts (id, name, handle) values (${accountId}, ${handle}, ${handle})`
  await db.engine`insert into workspaces (id, account_id, name, handle) values (${workspaceId}, ${accountId}, 'w', 'w')`
  await db.engine`insert into flows (workspace_id, id, name) values (${workspaceId}, ${flowId}, 'flow')`
  return { workspaceId, flowId }
}

const newRun = (
  tenant: { workspaceId: string; flowId: string },
  more: Partial<NewFlowRun> = {},
): NewFlowRun => ({
  ...tenant,
  name: null,
  flowVersion: null,
  deploymentId: null,
  workPoolName: null,
  workQueueName: null,
  idempotencyKey: null,
  parentTaskRunId: null,
  parameters: '{"n": 9007199254740993, "f": 1.0}' as RawJson,
  context: '{}' as RawJson,
  jobVariables: null,
  empiricalPolicy: {},
  tags: [],
  labels: {},
  createdBy: null,
  state: null,
  client,
  ...more,
})

const statesOf = async (runId: string): Promise<string[]> =>
  (
    await db.engine<{ name: string }[]>`select name from flow_run_states where run_id = ${runId} order by at`
  ).map((row) => row.name)

describe('flow runs', () => {
  test('are made with their first state, event and count, and keep numbers of any size', async () => {
    const tenant = await workspaceWithFlow()
    const { created, row } = await engine.createFlowRun(newRun(tenant))
    expect(created).toBe(true)
    expect(row.name).toMatch(/^[a-z]+-[a-z]+$/)
    const [stored] = await db.engine<{ parameters: string; stateType: string }[]>`
      select parameters, state_type from flow_runs where id = ${row.id}`
    expect(stored).toEqual({ parameters: '{"n": 9007199254740993, "f": 1.0}', stateType: 'PENDING' })
    const events = await db.engine`select event, id from events where workspace_id = ${tenant.workspaceId}`
    expect(events).toMatchObject([{ event: 'prefect.flow-run.Pending', id: row.stateId }])
    const [count] =
      await db.engine`select sum(runs)::int as runs from run_count_deltas where workspace_id = ${tenant.workspaceId} and state_type = 'PENDING'`
    expect(count?.runs).toBe(1)
  })

  test('go from Pending to Completed, with times, run count and history', async () => {
    const tenant = await workspaceWithFlow()
    const { row } = await engine.createFlowRun(newRun(tenant))
    const propose = (s: ProposedState) =>
      engine.setFlowRunState({
        workspaceId: tenant.workspaceId,
        runId: row.id,
        state: s,
        policy: 'core',
        client,
      })
    expect(await propose(state('RUNNING'))).toMatchObject({ verdict: 'ACCEPT', written: true })
    const done = await propose(
      state('COMPLETED', { data: '{"big": 123456789012345678901234567890}' as RawJson }),
    )
    expect(done.state?.data).toBe('{"big": 123456789012345678901234567890}')
    const [stored] =
      await db.engine`select state_name, run_count, start_at <= end_at as ordered, total_run_time_seconds > 0 as took from flow_runs where id = ${row.id}`
    expect(stored).toEqual({ stateName: 'Completed', runCount: 1, ordered: true, took: true })
    expect(await statesOf(row.id)).toEqual(['Pending', 'Running', 'Completed'])
    const counts = await db.engine`
      select state_type, sum(runs)::int as runs from run_count_deltas where workspace_id = ${tenant.workspaceId} group by 1 having sum(runs) <> 0`
    expect(counts).toEqual([{ stateType: 'COMPLETED', runs: 1 }])
  })

  test('made twice with one idempotency key are one, also at once', async () => {
    const tenant = await workspaceWithFlow()
    const made = await Promise.all(
      Array.from({ length: 10 }, () => engine.createFlowRun(newRun(tenant, { idempotencyKey: 'same' }))),
    )
    expect(new Set(made.map((m) => m.row.id)).size).toBe(1)
    expect(made.filter((m) => m.created)).toHaveLength(1)
  })

  test('of another tenant are not found, and one bad item of a batch fails alone', async () => {
    const [a, b] = [await workspaceWithFlow(), await workspaceWithFlow()]
    const { row } = await engine.createFlowRun(newRun(a))
    const results = await Promise.allSettled([
      engine.setFlowRunState({
        workspaceId: b.workspaceId,
        runId: row.id,
        state: state('CANCELLED'),
        policy: 'minimal',
        client,
      }),
      engine.setFlowRunState({
        workspaceId: a.workspaceId,
        runId: row.id,
        state: state('RUNNING'),
        policy: 'core',
        client,
      }),
      engine.createFlowRun(newRun({ workspaceId: b.workspaceId, flowId: a.flowId })),
      engine.createFlowRun(newRun(a, { name: 'nul \0 inside' })),
      engine.createFlowRun(newRun(a, { name: 'fine' })),
    ])
    expect(results.map((r) => r.status)).toEqual([
      'rejected',
      'fulfilled',
      'rejected',
      'rejected',
      'fulfilled',
    ])
    expect(await statesOf(row.id)).toEqual(['Pending', 'Running'])
  })

  test('that stand for a sub-flow carry their state to the parent task run', async () => {
    const tenant = await workspaceWithFlow()
    const parent = await engine.createFlowRun(newRun(tenant))
    const dummy = await engine.createTaskRun({
      workspaceId: tenant.workspaceId,
      id: null,
      flowRunId: parent.row.id,
      taskKey: 'child',
      dynamicKey: '0',
      name: 'child-0',
      taskVersion: null,
      cacheKey: null,
      cacheExpirationMicros: null,
      empiricalPolicy: {},
      tags: [],
      labels: {},
      taskInputs: '{}' as RawJson,
      state: null,
      client,
    })
    const child = await engine.createFlowRun(newRun(tenant, { parentTaskRunId: dummy.row.id }))
    await engine.setFlowRunState({
      workspaceId: tenant.workspaceId,
      runId: child.row.id,
      state: state('RUNNING'),
      policy: 'core',
      client,
    })
    const [mirrored] =
      await db.engine`select state_type, state_details ->> 'child_flow_run_id' as child from task_runs where id = ${dummy.row.id}`
    expect(mirrored).toEqual({ stateType: 'RUNNING', child: child.row.id })
  })
})

describe('events of task runs', () => {
  const taskEvent = (
    flowRunId: string,
    taskRunId: string,
    type: StateType,
    atMicros: number,
    id = uuidv7(),
  ): NewEvent => {
    const resource = {
      'prefect.resource.id': `prefect.task-run.${taskRunId}`,
      'prefect.orchestration': 'client',
    }
    const related = [
      { 'prefect.resource.id': `prefect.flow-run.${flowRunId}`, 'prefect.resource.role': 'flow-run' },
    ]
    const payload = {
      validated_state: { type, name: type, message: '', state_details: {} },
      task_run: {
        name: 't',
        task_key: 'k',
        dynamic_key: taskRunId,
        run_count: 1,
        tags: [],
        task_inputs: {},
        start_time: formatInstant(atMicros),
      },
    }
    return {
      id,
      event: `prefect.task-run.${type}`,
      occurredMicros: atMicros,
      follows: null,
      resource,
      related,
      payload,
      body: JSON.stringify({ resource, related, payload }) as RawJson,
    }
  }

  test('in any order and twice end in the same state', async () => {
    const tenant = await workspaceWithFlow()
    const { row } = await engine.createFlowRun(newRun(tenant))
    const taskRunId = uuidv7()
    const now = nowMicros()
    const events = (['PENDING', 'RUNNING', 'COMPLETED'] as const).map((type, i) =>
      taskEvent(row.id, taskRunId, type, now + i),
    )
    const [first, second, third] = events as [NewEvent, NewEvent, NewEvent]
    await engine.receiveEvents(tenant.workspaceId, [third, first])
    await engine.receiveEvents(tenant.workspaceId, [second, third, second])
    await engine.receiveEvents(tenant.workspaceId, events)
    const rows =
      await db.engine`select id, state_type from task_runs where workspace_id = ${tenant.workspaceId}`
    expect(rows).toEqual([{ id: taskRunId, stateType: 'COMPLETED' }])
    const names = await db.engine`select type from task_run_states where run_id = ${taskRunId} order by at`
    expect(names.map((n) => n.type)).toEqual(['PENDING', 'RUNNING', 'COMPLETED'])
    const stored =
      await db.engine`select count(*)::int as n from events where workspace_id = ${tenant.workspaceId} and resource_id = ${`prefect.task-run.${taskRunId}`}`
    expect(stored[0]?.n).toBe(3)
    const counts = await db.engine`
      select state_type, sum(runs)::int as runs from run_count_deltas where workspace_id = ${tenant.workspaceId} and kind = 'task-run' group by 1 having sum(runs) <> 0`
    expect(counts).toEqual([{ stateType: 'COMPLETED', runs: 1 }])
  })

  test('for a flow run that is unknown do no harm', async () => {
    const tenant = await workspaceWithFlow()
    const taskRunId = uuidv7()
    await engine.receiveEvents(tenant.workspaceId, [taskEvent(uuidv7(), taskRunId, 'RUNNING', nowMicros())])
    const rows = await db.engine`select id from task_runs where id = ${taskRunId}`
    expect(rows).toHaveLength(1)
  })
})

describe('history', () => {
  test('has a partition for tomorrow, and parks what is out of range', async () => {
    const rows = await db.engine`
      select c.relname from pg_inherits i join pg_class c on c.oid = i.inhrelid join pg_class p on p.oid = i.inhparent
      where p.relname = 'logs' and c.relname = 'logs_' || to_char(date_trunc('week', (now() + interval '1 day') at time zone 'UTC'), 'YYYYMMDD')`
    expect(rows).toHaveLength(1)
    const { workspaceId } = await workspaceWithFlow()
    const flowRunId = uuidv7()
    const line = {
      flowRunId,
      taskRunId: null,
      workerId: null,
      logger: 'x',
      level: 20,
      message: 'old',
      atMicros: -62_135_596_800_000_000,
    }
    await engine.writeLogs(workspaceId, [
      line,
      { ...line, message: 'far', atMicros: 253_402_300_799_000_000 },
    ])
    const stored = await db.engine`select message from logs where workspace_id = ${workspaceId} order by at`
    expect(stored.map((s) => s.message)).toEqual(['old', 'far'])
  })

  test('nothing that a full disk refused counts as received, and a line that no table can hold holds nobody up', async () => {
    const { workspaceId } = await workspaceWithFlow()
    const flowRunId = uuidv7()
    const line = (message: string) => ({
      flowRunId,
      taskRunId: null,
      workerId: null,
      logger: 'x',
      level: 20,
      message,
      atMicros: nowMicros(),
    })
    const refuse = (code: string) =>
      db.engine.unsafe(`
      create or replace function refuse_row() returns trigger language plpgsql as $$ begin
        if new.message = 'refused' then raise exception 'no' using errcode = '${code}'; end if;
        return new;
      end $$;
      create or replace trigger refuse_row before insert on logs for each row execute function refuse_row()`)
    const send = () => engine.writeLogs(workspaceId, [line('first'), line('refused'), line('last')])
    const stored = async () =>
      (await db.engine`select message from logs where workspace_id = ${workspaceId} order by at, id`).map(
        ({ message }) => message,
      )
    try {
      for (const code of ['53100', '25006']) {
        await refuse(code)
        await expect(send()).rejects.toMatchObject({ code: 'unavailable' })
      }
      await refuse('55P03')
      await expect(send()).rejects.toMatchObject({ code: '55P03' })
      expect(await stored()).not.toContain('refused')
      await db.engine`delete from logs where workspace_id = ${workspaceId}`
      await refuse('22P05')
      await send()
      expect(await stored()).toEqual(['first', 'last'])
    } finally {
      await db.engine`drop trigger refuse_row on logs`
    }
    await db.engine`delete from logs where workspace_id = ${workspaceId}`
    await send()
    expect(await stored()).toEqual(['first', 'refused', 'last'])
  })

  test('log lines sent twice with their ids are stored once', async () => {
    const { workspaceId } = await workspaceWithFlow()
    const line = {
      id: uuidv7(),
      flowRunId: uuidv7(),
      taskRunId: null,
      workerId: null,
      logger: 'x',
      level: 20,
      message: 'once',
      atMicros: nowMicros(),
    }
    await engine.writeLogs(workspaceId, [line])
    await engine.writeLogs(workspaceId, [line])
    const stored = await db.engine`select count(*)::int as n from logs where workspace_id = ${workspaceId}`
    expect(stored[0]?.n).toBe(1)
  })
})
