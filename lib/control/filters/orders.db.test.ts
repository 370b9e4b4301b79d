import fc from 'fast-check'
import { expect, test, vi } from 'vitest'
import { uuidv7 } from '../../db/uuid.ts'
import { formatInstant } from '../../domain/time.ts'
import { testDatabase } from '../../testing/database.ts'
import { ownWorkspace } from '../../testing/owner.ts'
import { ascending, descending, inTurn, onPage, page } from '../../testing/plain-filters.ts'
import { listArtifactCollections } from '../artifacts/list-artifact-collections.ts'
import { artifactSorts, listArtifacts } from '../artifacts/list-artifacts.ts'
import { automationSorts, listAutomations } from '../automations/list-automations.ts'
import { deploymentSorts, listDeployments } from '../deployments/list-deployments.ts'
import { listFlowRunInputs } from '../flow-run-inputs/list-flow-run-inputs.ts'
import { flowSorts, listFlows } from '../flows/list-flows.ts'
import { listSavedSearches } from '../saved-searches/list-saved-searches.ts'
import { listTaskRuns, taskRunSorts } from '../task-runs/list-task-runs.ts'
import { listVariables, variableSorts } from '../variables/list-variables.ts'

// Each list in each of its orders, page by page. Names are of small letters: how others sort is the database's affair.

// Hundreds of questions a test: a machine that does other things too needs its time.
vi.setConfig({ testTimeout: 180_000 })

const db = await testDatabase()
const ctx = await ownWorkspace(db)
const { workspaceId } = ctx
const sql = db.engine

let seed = 23
const dice = (sides: number): number => {
  seed = (seed * 1_103_515_245 + 12_345) % 2_147_483_648
  return Math.floor((seed / 2_147_483_648) * sides)
}
const maybe = <Value>(value: () => Value): Value | null => (dice(3) === 0 ? null : value())
const letters = (): string => Array.from({ length: 4 }, () => String.fromCharCode(97 + dice(26))).join('')
const T0 = Date.UTC(2026, 0, 1) * 1000
const instant = () => T0 + dice(8) * 700_000
const at = (micros: number | null) => (micros === null ? null : formatInstant(micros))

interface Named {
  readonly id: string
  readonly name: string
  readonly created: number
  readonly updated: number
}
const made = <More extends object>(more: (i: number) => More) =>
  Array.from({ length: 25 }, (_, i) => ({
    id: uuidv7(),
    name: `${letters()}${String(i).padStart(2, '0')}`,
    created: instant(),
    updated: instant(),
    ...more(i),
  }))

const id = (row: { readonly id: string }) => row.id
const name = (row: { readonly name: string }) => row.name
const byName = {
  NAME_ASC: ascending(name),
  NAME_DESC: descending(name),
  CREATED_DESC: inTurn(
    descending((row: Named) => row.created),
    descending(id),
  ),
  UPDATED_DESC: inTurn(
    descending((row: Named) => row.updated),
    descending(id),
  ),
}
const oldestToo = {
  ...byName,
  CREATED_ASC: inTurn(
    ascending((row: Named) => row.created),
    ascending(id),
  ),
  UPDATED_ASC: inTurn(
    ascending((row: Named) => row.updated),
    ascending(id),
  ),
}
const ids = (rows: readonly { readonly id: string }[]) => rows.map((row) => row.id)

/** Asks for pages in every order, and holds them against the rows. */
const holds = <Row extends { readonly id: string }, Sort extends string>(
  rows: readonly Row[],
  sorts: readonly Sort[],
  orders: Readonly<Record<Sort, (a: Row, b: Row) => number>>,
  list: (asked: {
    readonly sort: Sort
    readonly limit: number
    readonly offset: number
  }) => Promise<readonly { readonly id: string }[]>,
) =>
  fc.assert(
    fc.asyncProperty(page(sorts), async (asked) => {
      expect(ids(await list(asked))).toEqual(ids(onPage(rows, orders, asked)))
    }),
    { numRuns: 80 },
  )

test('flows', async () => {
  const flows = made(() => ({}))
  for (const flow of flows)
    await sql`
      insert into flows (workspace_id, id, name, created_at, updated_at)
      values (${workspaceId}, ${flow.id}, ${flow.name}, ${at(flow.created)}, ${at(flow.updated)})`
  await holds(flows, flowSorts, oldestToo, (asked) => listFlows(ctx, { filters: {}, ...asked }))
})

test('deployments', async () => {
  const limits = [1, 2, 3].map((slots) => ({ id: uuidv7(), slots }))
  for (const { id: limitId, slots } of limits)
    await sql`
      insert into concurrency_limits (workspace_id, id, name, slot_limit) values (${workspaceId}, ${limitId}, ${limitId}, ${slots})`
  const flowId = uuidv7()
  await sql`insert into flows (workspace_id, id, name) values (${workspaceId}, ${flowId}, 'of-deployments')`
  const deployments = made(() => ({ limit: maybe(() => limits[dice(3)] ?? null) }))
  type Deployment = (typeof deployments)[number]
  for (const one of deployments)
    await sql`
      insert into deployments (workspace_id, id, flow_id, name, concurrency_limit_id, created_at, updated_at)
      values (${workspaceId}, ${one.id}, ${flowId}, ${one.name}, ${one.limit?.id ?? null}, ${at(one.created)}, ${at(one.updated)})`
  const slots = (one: Deployment) => one.limit?.slots ?? null
  const orders = {
    ...oldestToo,
    CONCURRENCY_LIMIT_ASC: inTurn(ascending(slots), ascending(id)),
    CONCURRENCY_LIMIT_DESC: inTurn(descending(slots), descending(id)),
  }
  await holds(deployments, deploymentSorts, orders, (asked) =>
    listDeployments(ctx, { filters: {}, ...asked }),
  )
})

/** Their names need not be unique. */
test('automations', async () => {
  const automations = made((i) => ({ name: i % 2 === 0 ? 'even' : `odd${letters()}` }))
  for (const one of automations)
    await sql`
      insert into automations (workspace_id, id, name, is_enabled, trigger, actions, actions_on_trigger, wanted_names, watches_since,
        created_at, updated_at)
      values (${workspaceId}, ${one.id}, ${one.name}, true, '{}', '[]', '[]', '{}', now(),
        ${at(one.created)}, ${at(one.updated)})`
  const orders = {
    ...byName,
    NAME_ASC: inTurn<Named>(ascending(name), ascending(id)),
    NAME_DESC: inTurn<Named>(descending(name), descending(id)),
  }
  await holds(automations, automationSorts, orders, (asked) =>
    listAutomations(ctx, { filter: null, ...asked }),
  )
})

test('variables', async () => {
  const variables = made(() => ({}))
  for (const variable of variables)
    await sql`
      insert into variables (workspace_id, id, name, value, created_at, updated_at)
      values (${workspaceId}, ${variable.id}, ${variable.name}, '1', ${at(variable.created)}, ${at(variable.updated)})`
  await holds(variables, variableSorts, byName, (asked) => listVariables(ctx, { filter: null, ...asked }))
})

test('artifacts, and the latest of each key', async () => {
  const artifacts = made((i) => ({ key: i < 20 ? `${letters()}${String(i).padStart(2, '0')}` : null }))
  type Artifact = (typeof artifacts)[number]
  for (const artifact of artifacts)
    await sql`
      insert into artifacts (workspace_id, id, key, created_at, updated_at)
      values (${workspaceId}, ${artifact.id}, ${artifact.key}, ${at(artifact.created)}, ${at(artifact.updated)})`
  const orders = {
    ID_DESC: descending(id),
    KEY_ASC: inTurn(
      ascending((row: Artifact) => row.key),
      ascending(id),
    ),
    KEY_DESC: inTurn(
      descending((row: Artifact) => row.key),
      descending(id),
    ),
    CREATED_DESC: byName.CREATED_DESC,
    UPDATED_DESC: byName.UPDATED_DESC,
  }
  await holds(artifacts, artifactSorts, orders, (asked) => listArtifacts(ctx, { filters: {}, ...asked }))

  const collections = artifacts.flatMap(({ key, ...rest }) =>
    key ? [{ ...rest, id: uuidv7(), key, latest: rest.id, created: instant(), updated: instant() }] : [],
  )
  for (const one of collections)
    await sql`
      insert into artifact_collections (workspace_id, id, key, latest_id, created_at, updated_at)
      values (${workspaceId}, ${one.id}, ${one.key}, ${one.latest}, ${at(one.created)}, ${at(one.updated)})`
  await holds(collections, artifactSorts, orders, (asked) =>
    listArtifactCollections(ctx, { filters: {}, ...asked }),
  )
})

test('task runs', async () => {
  const runs = made(() => ({ expected: maybe(instant), due: maybe(instant), end: maybe(instant) }))
  type Run = (typeof runs)[number]
  for (const run of runs)
    await sql`
      insert into task_runs (workspace_id, id, flow_run_id, task_key, dynamic_key, name, expected_start_at, next_scheduled_start_at, end_at)
      values (${workspaceId}, ${run.id}, ${uuidv7()}, 'k', 'd', ${run.name}, ${at(run.expected)}, ${at(run.due)}, ${at(run.end)})`
  const orders = {
    ID_DESC: descending(id),
    NAME_ASC: byName.NAME_ASC,
    NAME_DESC: byName.NAME_DESC,
    EXPECTED_START_TIME_ASC: inTurn(
      ascending((run: Run) => run.expected),
      ascending(id),
    ),
    EXPECTED_START_TIME_DESC: inTurn(
      descending((run: Run) => run.expected),
      descending(id),
    ),
    NEXT_SCHEDULED_START_TIME_ASC: inTurn(
      ascending((run: Run) => run.due),
      ascending(id),
    ),
    END_TIME_DESC: inTurn(
      descending((run: Run) => run.end),
      descending(id),
    ),
  }
  await holds(runs, taskRunSorts, orders, (asked) => listTaskRuns(ctx, { filters: {}, ...asked }))
})

test('saved searches by name, inputs of a run in the order of their making', async () => {
  const searches = made(() => ({}))
  for (const search of searches)
    await sql`insert into saved_searches (workspace_id, id, name) values (${workspaceId}, ${search.id}, ${search.name})`
  await holds(searches, ['NAME_ASC'], byName, ({ limit, offset }) =>
    listSavedSearches(ctx, { limit, offset }),
  )

  const [flowId, flowRunId] = [uuidv7(), uuidv7()]
  await sql`insert into flows (workspace_id, id, name) values (${workspaceId}, ${flowId}, 'of-inputs')`
  await sql`insert into flow_runs (workspace_id, id, flow_id, name) values (${workspaceId}, ${flowRunId}, ${flowId}, 'r')`
  const inputs = made((i) => ({ key: `${['a', 'a-b', 'b'][i % 3]}-${i}` }))
  for (const input of inputs)
    await sql`
      insert into flow_run_inputs (workspace_id, flow_run_id, key, id, value, created_at)
      values (${workspaceId}, ${flowRunId}, ${input.key}, ${input.id}, '1', ${at(input.created)})`
  await fc.assert(
    fc.asyncProperty(
      fc.constantFrom('', 'a', 'a-b', 'b-', 'x', 'a-b-1'),
      fc.subarray(inputs.map((input) => input.key)),
      fc.integer({ min: 1, max: 30 }),
      async (prefix, excludeKeys, limit) => {
        const expected = inputs
          .filter(({ key }) => key.startsWith(prefix) && !excludeKeys.includes(key))
          .toSorted(
            inTurn(
              ascending((row: Named) => row.created),
              ascending(id),
            ),
          )
          .slice(0, limit)
        expect(ids(await listFlowRunInputs(ctx, { flowRunId, prefix, excludeKeys, limit }))).toEqual(
          ids(expected),
        )
      },
    ),
    { numRuns: 80 },
  )
})
