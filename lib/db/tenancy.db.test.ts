import { randomUUID } from 'node:crypto'
import { expect, test } from 'vitest'
import { testDatabase } from '../testing/database.ts'
import { inWorkspace, readWorkspace } from './scope.ts'
import { uuidv7 } from './uuid.ts'

const db = await testDatabase()

async function workspaceWithFlow(): Promise<{ workspaceId: string; flowId: string }> {
  const [accountId, workspaceId, flowId] = [uuidv7(), uuidv7(), uuidv7()]
  const handle = `t${randomUUID().slice(0, 8)}`
  await db.engine`insert into accounts (id, name, handle) values (${accountId}, ${handle}, ${handle})`
  await db.engine`insert into workspaces (id, account_id, name, handle) values (${workspaceId}, ${accountId}, 'w', 'w')`
  await db.engine`insert into flows (workspace_id, id, name) values (${workspaceId}, ${flowId}, 'flow')`
  return { workspaceId, flowId }
}

test('a pointer across tenants cannot be stored, not even by the owner', async () => {
  const [a, b] = [await workspaceWithFlow(), await workspaceWithFlow()]
  await expect(
    db.engine`insert into flow_runs (workspace_id, id, flow_id, name) values (${a.workspaceId}, ${uuidv7()}, ${b.flowId}, 'x')`,
  ).rejects.toMatchObject({ code: '23503' })
})

test('every tenant table begins with workspace_id in its primary, unique and foreign keys', async () => {
  const bad = await db.engine`
    select c.conrelid::regclass::text as table, c.conname
    from pg_constraint c join pg_class t on t.oid = c.conrelid
    where c.contype in ('p', 'u', 'f') and not t.relispartition and t.relnamespace = 'public'::regnamespace
      and exists (select from pg_attribute a where a.attrelid = t.oid and a.attname = 'workspace_id' and t.relname not in ('api_keys', 'workspace_memberships'))
      and (select attname from pg_attribute a where a.attrelid = t.oid and a.attnum = c.conkey[1]) <> 'workspace_id'`
  expect(bad).toEqual([])
})

test('the page role sees nothing without a workspace, its own with one, and cannot write into another', async () => {
  const [a, b] = [await workspaceWithFlow(), await workspaceWithFlow()]
  expect(await db.page`select id from flows`).toEqual([])
  expect(await db.page`select id from workspaces`).toEqual([])
  const seen = await readWorkspace(db, a.workspaceId, (sql) => sql`select id from flows`)
  expect(seen).toEqual([{ id: a.flowId }])
  await expect(
    inWorkspace(
      db,
      a.workspaceId,
      (sql) =>
        sql`insert into flows (workspace_id, id, name) values (${b.workspaceId}, ${uuidv7()}, 'theirs')`,
    ),
  ).rejects.toMatchObject({ code: '42501' })
  const changed = await inWorkspace(
    db,
    a.workspaceId,
    (sql) => sql`update flows set name = 'mine' where id = ${b.flowId}`,
  )
  expect(changed.count).toBe(0)
  // The setting ends with its transaction.
  expect(await db.page`select id from flows`).toEqual([])
})

test('row-level security is on for every table that holds a workspace, partitions too', async () => {
  const open = await db.engine`
    select t.relname from pg_class t
    where t.relnamespace = 'public'::regnamespace and t.relkind in ('r', 'p') and not t.relrowsecurity
      and exists (select from pg_attribute a where a.attrelid = t.oid and a.attname = 'workspace_id' and not a.attisdropped)
      and t.relname not in ('api_keys', 'workspace_memberships')`
  expect(open).toEqual([])
})

test('no index of a run table names a column that a state transition changes', async () => {
  const changing = [
    'state_id',
    'state_type',
    'state_name',
    'state_at',
    'state_message',
    'state_details',
    'state_data',
    'run_count',
    'start_at',
    'end_at',
    'total_run_time_seconds',
    'empirical_policy',
    'updated_at',
  ]
  const named = await db.engine`
    select i.indexrelid::regclass::text as index, a.attname
    from pg_index i join pg_attribute a on a.attrelid = i.indrelid
    where i.indrelid in ('flow_runs'::regclass, 'task_runs'::regclass) and a.attname = any (${changing})
      and (a.attnum = any (i.indkey) or pg_get_expr(i.indpred, i.indrelid) like '%' || a.attname || '%')
      and not (pg_get_expr(i.indpred, i.indrelid) like '%next_scheduled_start_at%' and a.attname = 'start_at')`
  expect(named).toEqual([])
})
