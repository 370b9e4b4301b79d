import fc from 'fast-check'
import { beforeAll, expect, test, vi } from 'vitest'
import {
  artifactFilter as wireArtifact,
  automationFilter as wireAutomation,
  artifactCollectionFilter as wireCollection,
  variableFilter as wireVariable,
} from '../../api/filters/data-filters.ts'
import type { Transaction } from '../../db/clients.ts'
import { readWorkspace } from '../../db/scope.ts'
import { uuidv7 } from '../../db/uuid.ts'
import { formatInstant } from '../../domain/time.ts'
import { testDatabase } from '../../testing/database.ts'
import { ownWorkspace } from '../../testing/owner.ts'
import {
  all,
  any,
  anyOf,
  few,
  given,
  join,
  known,
  like,
  named,
  nullish,
  patterns,
  some$,
  sub,
  tagged,
  tags,
  untouched,
  type Verdict,
  within,
} from '../../testing/plain-filters.ts'
import { countArtifactCollections } from '../artifacts/list-artifact-collections.ts'
import { countArtifacts } from '../artifacts/list-artifacts.ts'
import { countAutomations, listAutomations } from '../automations/list-automations.ts'
import { countVariables } from '../variables/list-variables.ts'
import {
  type ArtifactCollectionFilter,
  type ArtifactFilter,
  type ArtifactFilters,
  type AutomationFilter,
  onArtifactCollections,
  onArtifacts,
  onVariables,
  type VariableFilter,
} from './data-filters.ts'
import type { AnyOf, Fragment } from './operators.ts'

// The compiled SQL must find the rows that a plain reading of the filter finds, whatever the filter and the rows.

// Hundreds of questions a test: a machine that does other things too needs its time.
vi.setConfig({ testTimeout: 180_000 })

const db = await testDatabase()
const ctx = await ownWorkspace(db)
const { workspaceId } = ctx
const { workspaceId: strangerId } = await ownWorkspace(db)

let seed = 11
const dice = (sides: number): number => {
  seed = (seed * 1_103_515_245 + 12_345) % 2_147_483_648
  return Math.floor((seed / 2_147_483_648) * sides)
}
const maybe = <Value>(value: () => Value): Value | null => (dice(3) === 0 ? null : value())
const pick = <Item>(items: readonly Item[]): Item => items[dice(items.length)] as Item

interface Variable {
  id: string
  name: string
  tags: string[]
  /** As the wire has it, and as a filter reads it. */
  value: readonly [json: string, text: string]
}
interface Automation {
  id: string
  name: string
  tags: string[]
  created: number
}
interface Run {
  id: string
  flow: { id: string; name: string }
  name: string
  deploymentId: string | null
}
interface Task {
  id: string
  name: string
}
interface Artifact {
  id: string
  key: string | null
  type: string | null
  run: Run | null
  task: Task | null
  /** Of a run or task run that is gone, or not recorded yet. */
  lostRunId: string | null
  lostTaskId: string | null
}

const tagSets = [[], ['a'], ['a', 'b'], ['b']]
const values = [
  ['"Load"', 'Load'],
  ['""', ''],
  ['"12"', '12'],
  ['12', '12'],
  ['12345678901234567890.0', '12345678901234567890.0'],
  ['true', 'true'],
  ['{"a": [1]}', '{"a": [1]}'],
] as const
const variables: Variable[] = Array.from({ length: 25 }, (_, i) => ({
  id: uuidv7(),
  name: `${pick(['load', 'lo_d', 'save_2', 'x'])}_${i}`,
  tags: pick(tagSets),
  value: pick(values),
}))
const T0 = Date.UTC(2026, 0, 1) * 1000
const automations: Automation[] = Array.from({ length: 25 }, () => ({
  id: uuidv7(),
  name: pick(['page', 'mail', 'retry']),
  tags: pick(tagSets),
  created: T0 + dice(8) * 700_000,
}))
const deployments = [uuidv7(), uuidv7()]
const flows = ['etl', 'train', 'etl_2'].map((name) => ({ id: uuidv7(), name }))
const runs: Run[] = Array.from({ length: 12 }, () => ({
  id: uuidv7(),
  flow: pick(flows),
  name: pick(['load', 'lo_d', 'save_2']),
  deploymentId: maybe(() => pick(deployments)),
}))
const tasks: Task[] = Array.from({ length: 8 }, () => ({
  id: uuidv7(),
  name: pick(['load', 'lo_d', 'save_2']),
}))
const keys = ['report', 're-port', 'loads', 'a-2']
const types = ['table', 'markdown', 'result']
const artifacts: Artifact[] = Array.from({ length: 60 }, () => {
  const [run, task] = [maybe(() => pick(runs)), maybe(() => pick(tasks))]
  return {
    id: uuidv7(),
    key: maybe(() => pick(keys)),
    type: maybe(() => pick(types)),
    run,
    task,
    lostRunId: run ? null : maybe(uuidv7),
    lostTaskId: task ? null : maybe(uuidv7),
  }
})
const latest = keys.flatMap((key) => artifacts.filter((artifact) => artifact.key === key).at(-1) ?? [])

beforeAll(async () => {
  const sql = db.engine
  for (const id of [workspaceId, strangerId]) {
    // The stranger has the same rows: none of them may ever show up.
    for (const variable of variables)
      await sql`insert into variables (workspace_id, id, name, value, tags) values (${id}, ${variable.id}, ${variable.name}, ${variable.value[0]}::text::json, ${variable.tags}::text[])`
    for (const { id: automationId, name, tags: its, created } of automations)
      await sql`
        insert into automations (workspace_id, id, name, is_enabled, tags, trigger, actions, actions_on_trigger, wanted_names, watches_since, created_at)
        values (${id}, ${automationId}, ${name}, true, ${its}::text[], '{}', '[]', '[]', '{}', now(), ${formatInstant(created)})`
    for (const flow of flows)
      await sql`insert into flows (workspace_id, id, name) values (${id}, ${flow.id}, ${flow.name})`
    for (const [i, deployment] of deployments.entries())
      await sql`
        insert into deployments (workspace_id, id, flow_id, name) values (${id}, ${deployment}, ${runs[0]?.flow.id ?? ''}, ${`d${i}`})`
    for (const run of runs)
      await sql`
        insert into flow_runs (workspace_id, id, flow_id, name, deployment_id)
        values (${id}, ${run.id}, ${run.flow.id}, ${run.name}, ${run.deploymentId})`
    for (const task of tasks)
      await sql`insert into task_runs (workspace_id, id, task_key, dynamic_key, name) values (${id}, ${task.id}, 'k', ${task.id}, ${task.name})`
    for (const { id: artifactId, key, type, run, task, lostRunId, lostTaskId } of artifacts)
      await sql`
        insert into artifacts (workspace_id, id, key, type, flow_run_id, task_run_id)
        values (${id}, ${artifactId}, ${key}, ${type}, ${run?.id ?? lostRunId}, ${task?.id ?? lostTaskId})`
    for (const { id: latestId, key } of latest)
      await sql`insert into artifact_collections (workspace_id, id, key, latest_id) values (${id}, ${uuidv7()}, ${key}, ${latestId})`
  }
})

const isVariable = (variable: Variable, filter: VariableFilter): Verdict =>
  join(filter.operator, [
    given(filter.id, (f) => any(variable.id, f)),
    given(filter.name, (f) => named(variable.name, f)),
    given(filter.value, (f) => named(variable.value[1], f)),
    given(filter.tags, (f) => tagged(variable.tags, f)),
  ])

const isAutomation = (automation: Automation, filter: AutomationFilter): Verdict =>
  join(filter.operator, [
    given(filter.id, (f) => any(automation.id, f)),
    given(filter.name, (f) => any(automation.name, f)),
    given(filter.created, (f) => within(automation.created, f)),
    given(filter.tags, (f) => tagged(automation.tags, f)),
  ])

const isArtifact = (
  artifact: Artifact,
  filter: ArtifactFilter | ArtifactCollectionFilter,
  id: AnyOf<string> | null | undefined,
): Verdict =>
  join(filter.operator, [
    given(id, (f) => any(artifact.id, f)),
    given(filter.key, (f) =>
      join('and_', [
        given(f.any_, (list) => any(artifact.key, { any_: list })),
        given(f.like_, (pattern) => known(artifact.key, (key) => like(key, pattern))),
        given(f.exists_, (wanted) => (artifact.key !== null) === wanted),
      ]),
    ),
    given(filter.flow_run_id, (f) => any(artifact.run?.id ?? artifact.lostRunId, f)),
    given(filter.task_run_id, (f) => any(artifact.task?.id ?? artifact.lostTaskId, f)),
    given(filter.type, (f) => any(artifact.type, f)),
  ])

/** A sub-filter on related rows that says nothing asks for none. The ones drawn here have no inner operators. */
const says = (filter: object): boolean => {
  const parts = Object.entries(filter).filter(([key, value]) => key !== 'operator' && value)
  const asks = parts.map(([, value]) => Object.values(value).some((v) => v !== null && v !== undefined))
  return (filter as { operator?: string }).operator === 'or_'
    ? asks.length > 0 && asks.every(Boolean)
    : asks.some(Boolean)
}
interface Named {
  operator?: 'and_' | 'or_' | null
  id?: AnyOf<string> | null
  name?: { any_?: string[] | null; like_?: string | null } | null
}
const isNamed = (row: { id: string; name: string }, filter: Named): Verdict =>
  join(filter.operator, [
    given(filter.id, (f) => any(row.id, f)),
    given(filter.name, (f) => named(row.name, f)),
  ])

/** Where no related row is asked for, none need be there. */
const asked = <Filter extends object>(
  filter: Filter | null | undefined,
  judge: (filter: Filter) => Verdict,
): Verdict => (filter && says(filter) ? judge(filter) : true)

const wasMade = ({ run, task }: Artifact, filters: Related): Verdict =>
  all([
    asked(filters.flow_runs, (f) => run !== null && isNamed(run, f)),
    asked(filters.flows, (f) => run !== null && isNamed(run.flow, f)),
    asked(filters.task_runs, (f) => task !== null && isNamed(task, f)),
    asked(
      filters.deployments,
      (f) => run !== null && run.deploymentId !== null && any(run.deploymentId, f.id ?? {}),
    ),
  ])

const namedFilter = (rows: readonly { id: string; name: string }[]): fc.Arbitrary<Named> =>
  few({
    id: anyOf(rows.map((row) => row.id)),
    name: sub({ any_: nullish(some$(rows.map((row) => row.name))), like_: nullish(patterns) }),
  })
interface Related {
  flows?: Named | null
  flow_runs?: Named | null
  task_runs?: Named | null
  deployments?: { id?: AnyOf<string> | null } | null
}
const related: fc.Arbitrary<Related> = fc.record(
  {
    flows: nullish(namedFilter(flows)),
    flow_runs: nullish(namedFilter(runs)),
    task_runs: nullish(namedFilter(tasks)),
    deployments: nullish(fc.record({ id: anyOf(deployments) as fc.Arbitrary<AnyOf<string>> })),
  },
  { requiredKeys: [] },
)
const traits = {
  key: sub({
    any_: nullish(some$([...keys, 'other'])),
    like_: nullish(fc.constantFrom('', 're', 'RE', '_', '%', 're%t', '-')),
    exists_: nullish(fc.boolean()),
  }),
  flow_run_id: anyOf([...runs.map((run) => run.id), ...artifacts.map((a) => a.lostRunId ?? a.id)]),
  task_run_id: anyOf([...tasks.map((task) => task.id), ...artifacts.map((a) => a.lostTaskId ?? a.id)]),
  type: anyOf(types),
}
const ids = anyOf(artifacts.map((artifact) => artifact.id))
const artifactFilter: fc.Arbitrary<ArtifactFilter> = few({ id: ids, ...traits })
const collectionFilter: fc.Arbitrary<ArtifactCollectionFilter> = few({ latest_id: ids, ...traits })
const variableFilter: fc.Arbitrary<VariableFilter> = few({
  id: anyOf(variables.map((variable) => variable.id)),
  name: sub({ any_: nullish(some$(variables.map((variable) => variable.name))), like_: nullish(patterns) }),
  value: sub({
    any_: nullish(some$(['Load', '12', 'true', 'other'])),
    like_: nullish(fc.constantFrom('', 'LOAD', '1_', '{', '.0')),
  }),
  tags,
})
const instants = fc.integer({ min: -1, max: 9 }).map((n) => T0 + n * 700_000)
const automationFilter: fc.Arbitrary<AutomationFilter> = few({
  id: anyOf(automations.map((automation) => automation.id)),
  name: sub({ any_: nullish(some$(['page', 'mail', 'other'])) }),
  created: sub({ before_: nullish(instants), after_: nullish(instants) }),
  tags,
})

const found = (query: (sql: Transaction) => Fragment) =>
  readWorkspace(db, workspaceId, async (sql) => (await query(sql)).map((row) => String(row.id)).sort())
const idsOf = (rows: readonly { id: string }[]): string[] => rows.map((row) => row.id).sort()
const settings = { numRuns: 400 }

test('what the wire takes is asked here, and turns rows away', () => {
  expect({
    variables: untouched(wireVariable, variableFilter, variables, isVariable),
    automations: untouched(wireAutomation, automationFilter, automations, isAutomation),
    artifacts: untouched(wireArtifact, artifactFilter, artifacts, (row, f) => isArtifact(row, f, f.id)),
    collections: untouched(wireCollection, collectionFilter, latest, (row, f) =>
      isArtifact(row, f, f.latest_id),
    ),
  }).toEqual({ variables: [], automations: [], artifacts: [], collections: [] })
})

test('automations, and how many', async () => {
  await fc.assert(
    fc.asyncProperty(fc.option(automationFilter), async (filter) => {
      const expected = automations.filter((one) => !filter || isAutomation(one, filter) === true)
      const rows = await listAutomations(ctx, { filter, sort: 'NAME_ASC', limit: 100, offset: 0 })
      expect(rows.map((row) => row.id).sort()).toEqual(idsOf(expected))
      expect(await countAutomations(ctx, filter)).toBe(expected.length)
    }),
    settings,
  )
})

test('variables, and how many', async () => {
  await fc.assert(
    fc.asyncProperty(nullish(variableFilter), async (filter) => {
      expect(
        await found(
          (sql) =>
            sql`select v.id from variables v where v.workspace_id = ${workspaceId} ${onVariables(sql, filter)}`,
        ),
      ).toEqual(idsOf(variables.filter((variable) => !filter || isVariable(variable, filter) === true)))
      expect(await countVariables(ctx, filter ?? null)).toBe(
        variables.filter((variable) => !filter || isVariable(variable, filter) === true).length,
      )
    }),
    settings,
  )
})

test('artifacts, and how many', async () => {
  await fc.assert(
    fc.asyncProperty(nullish(artifactFilter), related, async (own, others) => {
      const filters = { artifacts: own, ...others } as ArtifactFilters
      const expected = artifacts.filter(
        (artifact) => all([!own || isArtifact(artifact, own, own.id), wasMade(artifact, others)]) === true,
      )
      const rows = await found(
        (sql) =>
          sql`select a.id from artifacts a where a.workspace_id = ${workspaceId} ${onArtifacts(sql, workspaceId, filters)}`,
      )
      expect(rows).toEqual(idsOf(expected))
      expect(await countArtifacts(ctx, filters)).toBe(expected.length)
    }),
    settings,
  )
})

test('the latest artifacts of keys, and how many', async () => {
  await fc.assert(
    fc.asyncProperty(nullish(collectionFilter), related, async (own, others) => {
      const filters = { artifacts: own, ...others } as ArtifactFilters
      const expected = latest.filter(
        (artifact) =>
          all([!own || isArtifact(artifact, own, own.latest_id), wasMade(artifact, others)]) === true,
      )
      const rows = await found(
        (sql) => sql`
          select c.latest_id as id from artifact_collections c join artifacts a on a.workspace_id = c.workspace_id and a.id = c.latest_id
          where c.workspace_id = ${workspaceId} ${onArtifactCollections(sql, workspaceId, filters)}`,
      )
      expect(rows).toEqual(idsOf(expected))
      expect(await countArtifactCollections(ctx, filters)).toBe(expected.length)
    }),
    settings,
  )
})
