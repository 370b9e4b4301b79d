import { beforeAll, describe, expect, test } from 'vitest'
import { workspaceScopes } from '../../domain/access/scopes.ts'
import { NotAllowed, NotFound } from '../../domain/problem.ts'
import { testDatabase } from '../../testing/database.ts'
import { listWaiters } from '../concurrency-limits/list-waiters.ts'
import type { Context } from '../context.ts'
import { listArtifacts } from './list-artifacts.ts'
import { listBlockChoices, listBlocks, listBlockTypeRows, readTypeSchema } from './list-blocks.ts'
import { listDeploymentNames } from './list-deployment-names.ts'
import { listDeployments, listPoolNames } from './list-deployments.ts'
import { listDeploymentsOfPool } from './list-deployments-of-pool.ts'
import { listLimits } from './list-limits.ts'
import { listRunsOfQueues } from './list-runs-of-queues.ts'
import { listDeploymentTags, listRunTags } from './list-tags.ts'
import { listWorkPools } from './list-work-pools.ts'
import { listDeploymentVersions, readDeploymentView, readRunToCopy } from './read-deployment.ts'
import { readRunName } from './read-run-name.ts'
import { readWorkerView, readWorkPoolView, readWorkQueueView } from './read-work-pool.ts'

const db = await testDatabase()

const id = (kind: string, n: number) => `${kind.repeat(8)}-0000-4000-8000-${String(n).padStart(12, '0')}`
const [account, here, there, user] = [id('a', 1), id('b', 1), id('b', 2), id('c', 1)]
const [flow, deployment, pool, queue, worker] = [id('d', 1), id('1', 1), id('2', 1), id('3', 1), id('4', 1)]
const [late, taken, limit, artifact, type] = [id('e', 1), id('e', 2), id('5', 1), id('6', 1), id('7', 1)]

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
  await sql`insert into workspaces (id, account_id, name, handle) values (${here}, ${account}, 'Here', 'here'), (${there}, ${account}, 'There', 'there')`
  await sql`insert into flows (workspace_id, id, name) values (${here}, ${flow}, 'etl')`
  await sql`insert into work_pools (workspace_id, id, name, type, default_queue_id, concurrency_limit, status) values
    (${here}, ${pool}, 'laptop', 'process', ${queue}, 4, 'READY')`
  await sql`insert into work_queues (workspace_id, id, work_pool_id, name, priority) values (${here}, ${queue}, ${pool}, 'default', 1)`
  await sql`insert into workers (workspace_id, id, work_pool_id, name, last_heartbeat_at) values (${here}, ${worker}, ${pool}, 'ada-1', now())`
  await sql`insert into deployments (workspace_id, id, flow_id, name, work_queue_id, tags, parameter_openapi_schema) values
    (${here}, ${deployment}, ${flow}, 'hourly', ${queue}, '{orders,"eu, us"}', ${'{"properties":{"a":{},"b":{}}}' as never})`
  await sql`insert into deployment_schedules (workspace_id, deployment_id, id, schedule) values
    (${here}, ${deployment}, ${id('8', 1)}, '{"cron": "0 6 * * *"}')`
  await sql`insert into deployment_versions (workspace_id, deployment_id, id, number, snapshot) values
    (${here}, ${deployment}, ${id('9', 1)}, 1, '{}'), (${here}, ${deployment}, ${id('9', 2)}, 2, '{}')`
  await sql`update deployments set version_id = ${id('9', 2)} where id = ${deployment}`
  await sql`insert into flow_runs (workspace_id, id, flow_id, deployment_id, work_queue_id, name, state_type, state_name, expected_start_at, next_scheduled_start_at) values
    (${here}, ${late}, ${flow}, ${deployment}, ${queue}, 'late-one', 'SCHEDULED', 'Late', now() - interval '60 seconds', now() - interval '60 seconds'),
    (${here}, ${taken}, ${flow}, ${deployment}, ${queue}, 'taken-one', 'RUNNING', 'Running', now() - interval '50 seconds', null)`
  await sql`update flow_runs set tags = '{nightly,gpu}' where id = ${taken}`
  await sql`insert into run_claims (workspace_id, run_id, token, work_pool_id, work_queue_id, holder_type, holder_id, claimed_at) values
    (${here}, ${taken}, ${id('f', 1)}, ${pool}, ${queue}, 'worker', ${worker}, now())`
  await sql`insert into concurrency_limits (workspace_id, id, name, slot_limit) values
    (${here}, ${limit}, 'tag:gpu', 2), (${here}, ${id('5', 2)}, ${`deployment:${deployment}`}, 1), (${here}, ${id('5', 3)}, 'lock', 1)`
  await sql`insert into slot_leases (workspace_id, limit_id, id, slots, holder_type, held_since, expires_at) values
    (${here}, ${limit}, ${id('f', 2)}, 1, 'client', now(), now() + interval '1 hour'),
    (${here}, ${limit}, ${id('f', 3)}, 1, 'client', now() - interval '2 hours', now() - interval '1 hour')`
  await sql`insert into artifacts (workspace_id, id, key, type, data, flow_run_id) values (${here}, ${artifact}, 'report', 'markdown', ${'"# Hi"' as never}, ${taken})`
  await sql`insert into artifact_collections (workspace_id, id, key, latest_id) values (${here}, ${id('6', 2)}, 'report', ${artifact})`
  await sql`insert into block_types (workspace_id, id, name, slug) values (${here}, ${type}, 'Secret', 'secret')`
})

const page = { name: null, pageSize: 50, offset: 0 }
const everyDeployment = { ...page, status: null, tags: [], poolName: null }

describe('what pages read of operating', () => {
  test('a deployment stands with its pool, its schedules and its last runs', async () => {
    const { rows, count } = await listDeployments(enter(here), everyDeployment)
    expect(count).toBe(1)
    // Nobody polled the deployment, but the pool that it waits in is ready.
    expect(rows[0]).toMatchObject({
      name: 'hourly',
      flowName: 'etl',
      status: 'READY',
      poolName: 'laptop',
      scheduleCount: 1,
    })
    expect(rows[0]?.lastRuns.map((run) => run.name)).toEqual(['late-one', 'taken-one'])
    for (const [narrow, expected] of [
      [{ name: 'ET' }, 1],
      [{ name: 'nothing' }, 0],
      [{ tags: ['orders'] }, 1],
      [{ tags: ['orders', 'other'] }, 0],
      [{ poolName: 'laptop' }, 1],
      [{ status: 'ready' as const }, 1],
      [{ status: 'paused' as const }, 0],
    ] as const)
      expect((await listDeployments(enter(here), { ...everyDeployment, ...narrow })).count).toBe(expected)
    expect(await readDeploymentView(enter(here), deployment)).toMatchObject({
      ...{ status: 'READY', runCount: 2, versionNumber: 2, versionCount: 2, parameterCount: 2 },
    })
    const versions = await listDeploymentVersions(enter(here), deployment)
    expect(versions.map((version) => [version.number, version.isCurrent])).toEqual([
      [2, true],
      [1, false],
    ])
    expect(await readRunToCopy(enter(here), deployment, late)).toMatchObject({ name: 'late-one' })
    expect(await listPoolNames(enter(here))).toEqual(['laptop'])
  })

  test('a pool shows its slots, who waits in which order, and what a worker executes', async () => {
    const { rows } = await listWorkPools(enter(here), page)
    expect(rows[0]).toMatchObject({ activeSlots: 1, queues: 1, workersOnline: 1, waiting: 1 })
    const view = await readWorkPoolView(enter(here), 'laptop')
    expect(view.waiting.map((run) => run.id)).toEqual([late])
    expect(view).toMatchObject({ waitingCount: 1, late: 1, deployments: 1 })
    expect(view.workers[0]).toMatchObject({ name: 'ada-1', running: 1 })
    expect(view.queues[0]).toMatchObject({ name: 'default', activeSlots: 1, waiting: 1, isDefault: true })
    expect((await readWorkQueueView(enter(here), queue))?.waiting).toHaveLength(1)
    expect((await readWorkerView(enter(here), 'laptop', worker))?.runs.map((run) => run.id)).toEqual([taken])
    expect(await listRunsOfQueues(enter(here), [queue])).toHaveLength(2)
    expect(await listDeploymentsOfPool(enter(here), [queue])).toHaveLength(1)
  })

  test('a limit is called by what it limits, and counts live leases alone', async () => {
    const { rows } = await listLimits(enter(here), page)
    expect(rows.map(({ kind, label, activeSlots }) => [kind, label, activeSlots])).toEqual([
      ['deployment', 'etl / hourly', 0],
      ['global', 'lock', 0],
      ['tag', 'gpu', 1],
    ])
  })

  test('who waits for a slot of a deployment stands in line, and nobody else', async () => {
    const [shared, waits] = [id('5', 2), id('e', 3)]
    await db.engine`insert into flow_runs (workspace_id, id, flow_id, deployment_id, name, state_id, state_type, state_name, state_at, next_scheduled_start_at)
      values (${here}, ${waits}, ${flow}, ${deployment}, 'patient', ${id('e', 4)}, 'SCHEDULED', 'AwaitingConcurrencySlot', now(), now() + interval '30 seconds')`
    await db.engine`update deployments set concurrency_limit_id = ${shared} where workspace_id = ${here} and id = ${deployment}`
    const line = (ctx: Context, limitId: string) =>
      listWaiters(ctx, { id: limitId }, { limit: 10, offset: 0 })
    const waiting = await line(enter(here), shared)
    expect(waiting).toMatchObject([{ flowName: 'etl', holderName: 'patient', slots: 1 }])
    expect(await line(enter(here), limit)).toEqual([])
    await expect(line(enter(there), shared)).rejects.toThrow(NotFound)
    await expect(line(enter(here, ['see_flows']), shared)).rejects.toThrow(NotAllowed)
    await db.engine`delete from flow_runs where workspace_id = ${here} and id = ${waits}`
  })

  test('artifacts are listed by key and one by one, and runs are called by flow and name', async () => {
    for (const by of ['key', 'one'] as const)
      expect((await listArtifacts(enter(here), { by, pageSize: 10, offset: 0 })).rows[0]).toMatchObject({
        ...{ key: 'report', flowRunName: 'taken-one' },
      })
    expect(await readRunName(enter(here), taken)).toBe('etl / taken-one')
    expect((await listBlockTypeRows(enter(here)))[0]).toMatchObject({
      slug: 'secret',
      documents: 0,
      hasSchema: false,
    })
  })

  test('tags to choose from are those of deployments, or of runs that were and that come next', async () => {
    const ctx = enter(here)
    expect(await listDeploymentTags(ctx)).toEqual(['eu, us', 'orders'])
    expect(await listDeploymentNames(ctx)).toContainEqual(expect.objectContaining({ id: deployment }))
    expect(await listRunTags(ctx)).toEqual(['gpu', 'nightly'])
    await db.engine`
      insert into flow_runs (workspace_id, id, flow_id, name, tags, expected_start_at)
      values (${here}, ${id('e', 3)}, ${flow}, 'next', '{ahead,gpu}', now() + interval '1 hour')`
    expect(await listRunTags(ctx)).toEqual(['ahead', 'gpu', 'nightly'])
    await db.engine`delete from flow_runs where workspace_id = ${here} and id = ${id('e', 3)}`
  })

  test('another workspace sees none of it', async () => {
    const ctx = enter(there)
    expect(await listDeploymentTags(ctx)).toEqual([])
    expect(await listDeploymentNames(ctx)).toEqual([])
    expect(await listRunTags(ctx)).toEqual([])
    expect((await listDeployments(ctx, everyDeployment)).count).toBe(0)
    await expect(readDeploymentView(ctx, deployment)).rejects.toThrow(NotFound)
    expect(await listDeploymentVersions(ctx, deployment)).toEqual([])
    expect(await readRunToCopy(ctx, deployment, late)).toBeNull()
    expect((await listWorkPools(ctx, page)).count).toBe(0)
    await expect(readWorkPoolView(ctx, 'laptop')).rejects.toThrow(NotFound)
    expect(await readWorkQueueView(ctx, queue)).toBeNull()
    await expect(readWorkerView(ctx, 'laptop', worker)).rejects.toThrow(NotFound)
    expect(await listRunsOfQueues(ctx, [queue])).toEqual([])
    expect((await listLimits(ctx, page)).count).toBe(0)
    expect((await listArtifacts(ctx, { by: 'one', pageSize: 10, offset: 0 })).count).toBe(0)
    expect(await readRunName(ctx, taken)).toBeNull()
    expect(await readTypeSchema(ctx, 'secret')).toBeNull()
    expect(await listBlockChoices(ctx, ['secret'])).toEqual({})
  })

  test('without the permission nothing is read', async () => {
    const ctx = enter(here, [])
    for (const asked of [
      () => listDeployments(ctx, everyDeployment),
      () => listDeploymentTags(ctx),
      () => listDeploymentNames(ctx),
      () => listRunTags(ctx),
      () => readDeploymentView(ctx, deployment),
      () => listWorkPools(ctx, page),
      () => readWorkPoolView(ctx, 'laptop'),
      () => readWorkQueueView(ctx, queue),
      () => readWorkerView(ctx, 'laptop', worker),
      () => listLimits(ctx, page),
      () => listArtifacts(ctx, { by: 'one', pageSize: 10, offset: 0 }),
      () => listBlocks(ctx, { ...page, typeSlug: null }),
    ])
      await expect(asked()).rejects.toThrow(NotAllowed)
  })
})
