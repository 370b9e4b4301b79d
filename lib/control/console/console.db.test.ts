import { beforeAll, describe, expect, test } from 'vitest'
import { workspaceScopes } from '../../domain/access/scopes.ts'
import { NotAllowed, NotFound } from '../../domain/problem.ts'
import { testDatabase } from '../../testing/database.ts'
import type { Context } from '../context.ts'
import { findFirstError } from './find-first-error.ts'
import { hasFlowRuns } from './has-flow-runs.ts'
import { listApiKeys } from './list-api-keys.ts'
import { listFlowNames } from './list-flow-names.ts'
import { listFlowRuns } from './list-flow-runs.ts'
import { listFlows } from './list-flows.ts'
import { listLogs } from './list-logs.ts'
import { listPlaces } from './list-places.ts'
import { listRunPoints } from './list-run-points.ts'
import { listStates } from './list-states.ts'
import { readFlow } from './read-flow.ts'
import { readFlowRun } from './read-flow-run.ts'
import { readParameters } from './read-parameters.ts'
import { readTaskRun } from './read-task-run.ts'
import { readWorkspaceFacts } from './read-workspace-facts.ts'
import { everyRun } from './run-filter.ts'

const db = await testDatabase()

const id = (kind: string, n: number) => `${kind.repeat(8)}-0000-4000-8000-${String(n).padStart(12, '0')}`
const [account, here, there, empty, user] = [id('a', 1), id('b', 1), id('b', 2), id('b', 3), id('c', 1)]
const [flow, run, first, second] = [id('d', 1), id('e', 1), id('f', 1), id('f', 2)]
const at = (second: number) => `2026-11-23T14:00:${String(second).padStart(2, '0')}.123456Z`

const enter = (
  workspaceId: string,
  scopes: readonly (typeof workspaceScopes)[number][] = workspaceScopes,
): Context => ({
  actor: {
    kind: 'user',
    userId: user,
    actorId: user,
    handle: 'maya',
    name: 'Maya',
    by: { type: 'session', sessionId: user },
    onlyWorkspaceId: null,
    maxRole: null,
    expiresAtMs: null,
  },
  workspaceId,
  access: { accountId: account, workspaceId, role: 'owner', scopes: new Set(scopes) },
  db,
  nowMicros: () => Date.now() * 1000,
})

beforeAll(async () => {
  const sql = db.engine
  await sql`insert into users (id, actor_id, handle, name) values (${user}, ${user}, 'maya', 'Maya')`
  await sql`insert into accounts (id, name, handle, personal_user_id) values (${account}, 'Acme', 'acme', ${user})`
  await sql`insert into account_memberships (id, account_id, user_id, role) values (${user}, ${account}, ${user}, 'owner')`
  await sql`insert into workspaces (id, account_id, name, handle) values
    (${here}, ${account}, 'Here', 'here'), (${there}, ${account}, 'There', 'there'), (${empty}, ${account}, 'Empty', 'empty')`
  await sql`insert into api_keys (id, user_id, name, key_hash, masked_key, expires_at) values
    (${id('9', 1)}, ${user}, 'laptop', ${Buffer.alloc(32, 1)}, 'rgu_1…', now() + interval '1 day'),
    (${id('9', 2)}, ${user}, 'long gone', ${Buffer.alloc(32, 2)}, 'rgu_2…', now() - interval '60 days')`
  await sql`insert into flows (workspace_id, id, name) values (${here}, ${flow}, 'etl'), (${there}, ${id('d', 2)}, 'secret')`
  // One run to look at, and a tail of small ones to page through.
  await sql`insert into flow_runs (workspace_id, id, flow_id, name, tags, parameters, state_id, state_type, state_name, state_at,
      state_message, run_count, start_at, end_at, expected_start_at, created_by)
    values (${here}, ${run}, ${flow}, 'copper-lynx', '{orders}', ${'{"big": 12345678901234567890123}' as never}, ${id('8', 1)}, 'FAILED',
      'Failed', ${at(30)}, 'boom', 1, ${at(1)}, ${at(30)}, ${at(1)}, '{"display_value":"Maya"}')`
  for (let n = 2; n <= 8; n++) {
    await sql`insert into flow_runs (workspace_id, id, flow_id, name, state_type, state_name, state_at, expected_start_at)
      values (${here}, ${id('e', n)}, ${flow}, ${`run-${n}`}, 'SCHEDULED', 'Scheduled', ${at(n)}, ${at(n)})`
  }
  await sql`insert into flow_runs (workspace_id, id, flow_id, name, state_type, state_name, state_at, expected_start_at)
    values (${there}, ${id('e', 99)}, ${id('d', 2)}, 'other', 'RUNNING', 'Running', ${at(1)}, ${at(1)})`
  const inputs = JSON.stringify({
    rows: [{ input_type: 'task_run', id: first }],
    n: [{ input_type: 'constant', type: 'int' }],
  })
  await sql`insert into task_runs (workspace_id, id, flow_run_id, task_key, dynamic_key, name, task_inputs, state_id, state_type,
      state_name, state_at, run_count, start_at, end_at) values
    (${here}, ${first}, ${run}, 'extract', '0', 'extract-0', '{}', ${id('8', 2)}, 'COMPLETED', 'Completed', ${at(5)}, 2, ${at(1)}, ${at(5)}),
    (${here}, ${second}, ${run}, 'load', '0', 'load-0', ${inputs as never}, ${id('8', 3)}, 'FAILED', 'Failed', ${at(29)}, 1, ${at(6)}, ${at(29)})`
  for (const [n, type, name] of [
    [1, 'RUNNING', 'Running'],
    [2, 'SCHEDULED', 'AwaitingRetry'],
    [3, 'RUNNING', 'Retrying'],
    [5, 'COMPLETED', 'Completed'],
  ] as const) {
    await sql`insert into task_run_states (workspace_id, run_id, at, id, type, name, message, details)
      values (${here}, ${first}, ${at(n)}, ${id('7', n)}, ${type}, ${name}, '', '{}')`
  }
  await sql`insert into flow_run_states (workspace_id, run_id, at, id, type, name, message, details)
    values (${here}, ${run}, ${at(30)}, ${id('7', 9)}, 'FAILED', 'Failed', 'boom', '{}')`
  for (let n = 1; n <= 20; n++) {
    await sql`insert into logs (workspace_id, at, id, flow_run_id, task_run_id, logger, level, message)
      values (${here}, ${at(n)}, ${id('6', n)}, ${run}, ${n > 10 ? second : first}, 'l', ${n >= 19 ? 40 : n % 5 === 0 ? 30 : 20}, ${`line 100% ${n}`})`
  }
})

const byRun = { taskRunId: null, minLevel: 0, text: null, pageSize: 5, flowRunId: run } as const

describe('in the workspace', () => {
  test('runs are listed newest first and paged in both directions without loss', async () => {
    const ctx = enter(here)
    const page = await listFlowRuns(ctx, { filter: everyRun, pageSize: 3 })
    expect(page).toMatchObject({ hasNewer: false, hasOlder: true, count: 8 })
    expect(page.rows.map((row) => row.name)).toEqual(['run-8', 'run-7', 'run-6'])
    const last = page.rows[2]
    if (!last?.expectedStartAt) throw new Error('no row')
    const older = await listFlowRuns(ctx, {
      filter: everyRun,
      pageSize: 3,
      older: { at: last.expectedStartAt, id: last.id },
    })
    expect(older.rows.map((row) => row.name)).toEqual(['run-5', 'run-4', 'run-3'])
    const top = older.rows[0]
    if (!top?.expectedStartAt) throw new Error('no row')
    const back = await listFlowRuns(ctx, {
      filter: everyRun,
      pageSize: 3,
      newer: { at: top.expectedStartAt, id: top.id },
    })
    expect(back.rows).toEqual(page.rows)
    expect(back.hasNewer).toBe(false)
  })

  test('filters are the database’s', async () => {
    const names = async (filter: Partial<typeof everyRun>) =>
      (await listFlowRuns(enter(here), { filter: { ...everyRun, ...filter }, pageSize: 50 })).rows.map(
        (row) => row.name,
      )
    expect(await names({ states: ['FAILED'] })).toEqual(['copper-lynx'])
    expect(await names({ name: 'LYNX' })).toEqual(['copper-lynx'])
    expect(await names({ name: '%' })).toEqual([])
    expect(await names({ tags: ['orders'] })).toEqual(['copper-lynx'])
    expect(await names({ flowIds: [id('d', 9)] })).toEqual([])
    expect(await names({ fromAt: at(7), toAt: at(7) })).toEqual(['run-7'])
    expect((await listRunPoints(enter(here), everyRun, 10)).map((point) => point.name)).toEqual([
      'copper-lynx',
    ])
  })

  test('a run comes with its task runs, where their arguments came from, and the attempts of what was tried again', async () => {
    const view = await readFlowRun(enter(here), run)
    expect(view.run).toMatchObject({
      name: 'copper-lynx',
      flowName: 'etl',
      startedBy: 'Maya',
      stateMessage: 'boom',
      parent: null,
    })
    expect(view).toMatchObject({ parameterCount: 1, stateCount: 1, taskRunsCut: false })
    expect(view.taskRuns.map((task) => [task.name, task.taskInputs])).toEqual([
      ['extract-0', {}],
      ['load-0', { rows: [{ input_type: 'task_run', id: first }] }],
    ])
    expect(view.attempts[first]?.map((state) => state.name)).toEqual([
      'Running',
      'AwaitingRetry',
      'Retrying',
      'Completed',
    ])
    expect(await readParameters(enter(here), run)).toContain('12345678901234567890123')
  })

  test('a task run comes with both its neighbours', async () => {
    expect((await readTaskRun(enter(here), second)).upstream.map((task) => task.name)).toEqual(['extract-0'])
    expect(await readTaskRun(enter(here), first)).toMatchObject({
      flowRun: { name: 'copper-lynx' },
      downstream: [{ name: 'load-0' }],
    })
  })

  test('log lines keep their number among all lines, whatever window or filter shows them', async () => {
    const lines = async (some: object) => {
      const page = await listLogs(enter(here), { ...byRun, ...some })
      return { ...page, rows: page.rows.map((row) => row.line) }
    }
    expect(await lines({})).toEqual({
      rows: [16, 17, 18, 19, 20],
      total: 20,
      ofTask: null,
      hasEarlier: true,
      hasLater: false,
    })
    expect(await lines({ aroundLine: 8 })).toMatchObject({ rows: [6, 7, 8, 9, 10], hasLater: true })
    expect(await lines({ upToLine: 3 })).toMatchObject({ rows: [1, 2, 3], hasEarlier: false })
    expect((await lines({ minLevel: 30 })).rows).toEqual([5, 10, 15, 19, 20])
    expect((await lines({ taskRunId: first, pageSize: 50 })).rows).toHaveLength(10)
    expect((await lines({ text: '% 12' })).rows).toEqual([12])
    expect(await findFirstError(enter(here), run)).toEqual({ line: 19, total: 20 })
  })

  test('what is to come is read soonest first, page by page and back', async () => {
    const page = async (input: object) => {
      const { rows, hasOlder } = await listFlowRuns(enter(here), {
        filter: everyRun,
        pageSize: 3,
        soonestFirst: true,
        ...input,
      })
      return { names: rows.map((row) => row.name), hasOlder, rows }
    }
    const first = await page({})
    expect(first.names).toEqual(['copper-lynx', 'run-2', 'run-3'])
    const last = first.rows.at(-1)
    const next = await page({ older: { at: last?.expectedStartAt ?? '', id: last?.id ?? '' } })
    expect(next.names).toEqual(['run-4', 'run-5', 'run-6'])
    const back = await page({
      newer: { at: next.rows[0]?.expectedStartAt ?? '', id: next.rows[0]?.id ?? '' },
    })
    expect(back.names).toEqual(first.names)
  })

  test('flows come with their last runs, oldest first', async () => {
    const { rows } = await listFlows(enter(here), { name: null, after: null, pageSize: 10 })
    expect(rows.map((row) => row.name)).toEqual(['etl'])
    expect((await readFlow(enter(here), flow)).name).toBe('etl')
    expect(await listFlowNames(enter(here))).toEqual([{ id: flow, name: 'etl' }])
    expect(await readWorkspaceFacts(enter(here))).toMatchObject({ flows: 1 })
    expect((await listStates(enter(here), 'flow-run', run)).map((state) => state.name)).toEqual(['Failed'])
  })

  test('a person sees the workspaces they may enter, and their own keys that are or lately were good', async () => {
    expect((await listPlaces(db, user)).map((place) => [place.handle, place.role])).toEqual([
      ['empty', 'owner'],
      ['here', 'owner'],
      ['there', 'owner'],
    ])
    expect(await listPlaces(db, id('c', 9))).toEqual([])
    expect((await listApiKeys(enter(here))).map((key) => key.name)).toEqual(['laptop'])
  })
})

describe('from another workspace', () => {
  test('nothing is found, and lists are empty', async () => {
    const ctx = enter(empty)
    await expect(readFlowRun(ctx, run)).rejects.toThrow(NotFound)
    await expect(readTaskRun(ctx, first)).rejects.toThrow(NotFound)
    await expect(readFlow(ctx, flow)).rejects.toThrow(NotFound)
    await expect(readParameters(ctx, run)).rejects.toThrow(NotFound)
    expect(await listLogs(ctx, byRun)).toMatchObject({ rows: [], total: 0 })
    expect(await findFirstError(ctx, run)).toBeNull()
    expect(await listStates(ctx, 'flow-run', run)).toEqual([])
    expect((await listFlowRuns(ctx, { filter: everyRun, pageSize: 10 })).rows).toEqual([])
    expect(await listRunPoints(ctx, everyRun, 10)).toEqual([])
    expect((await listFlows(ctx, { name: null, after: null, pageSize: 10 })).rows).toEqual([])
    expect(await listFlowNames(ctx)).toEqual([])
    expect(await hasFlowRuns(ctx)).toBe(false)
    expect(await hasFlowRuns(enter(here))).toBe(true)
  })
})

describe('without the permission to see flows', () => {
  const ctx = enter(here, ['see_blocks'])
  test.each([
    ['readFlowRun', () => readFlowRun(ctx, run)],
    ['readTaskRun', () => readTaskRun(ctx, first)],
    ['readFlow', () => readFlow(ctx, flow)],
    ['readParameters', () => readParameters(ctx, run)],
    ['listLogs', () => listLogs(ctx, byRun)],
    ['findFirstError', () => findFirstError(ctx, run)],
    ['listStates', () => listStates(ctx, 'task-run', first)],
    ['listFlowRuns', () => listFlowRuns(ctx, { filter: everyRun, pageSize: 1 })],
    ['listRunPoints', () => listRunPoints(ctx, everyRun, 1)],
    ['listFlows', () => listFlows(ctx, { name: null, after: null, pageSize: 1 })],
    ['listFlowNames', () => listFlowNames(ctx)],
    ['hasFlowRuns', () => hasFlowRuns(ctx)],
    ['readWorkspaceFacts', () => readWorkspaceFacts(ctx)],
  ] as const)('%s is refused', async (_, verb) => {
    await expect(verb()).rejects.toThrow(NotAllowed)
  })
})
