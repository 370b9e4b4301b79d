import type { Transaction } from '../../db/clients.ts'
import { type ScheduleRow, scheduleObject } from '../../db/rows/deployment.ts'
import { uuidv7 } from '../../db/uuid.ts'
import { BadInput } from '../../domain/problem.ts'
import { chooseCatchUp, type KeptCatchUp, unsaidCatchUp } from '../../domain/schedules/catch-up.ts'
import type { RawJson } from '../../domain/state.ts'
import { formatInstant } from '../../domain/time.ts'
import type { ReadSchedule } from './schedule-input.ts'

export interface SchedulesOf {
  readonly workspaceId: string
  readonly deploymentId: string
  readonly nowMicros: number
}

/** The schedules as they are, locked: the scheduler leaves them alone until the transaction ends, and has left them before. */
export async function lockSchedules(
  sql: Transaction,
  { workspaceId, deploymentId }: SchedulesOf,
): Promise<readonly ScheduleRow[]> {
  const rows = await sql<{ schedule: ScheduleRow }[]>`
    select ${scheduleObject(sql)} as schedule from deployment_schedules s
    where s.workspace_id = ${workspaceId} and s.deployment_id = ${deploymentId} order by s.created_at, s.id for update of s`
  return rows.map((row) => row.schedule)
}

/** Of all deployments of a flow, before the flow is deleted: the scheduler holds a schedule before it asks for its flow. */
export async function lockSchedulesOfFlow(
  sql: Transaction,
  workspaceId: string,
  flowId: string,
): Promise<void> {
  await sql`
    select s.id from deployment_schedules s
    join deployments d on d.workspace_id = s.workspace_id and d.id = s.deployment_id
    where s.workspace_id = ${workspaceId} and d.flow_id = ${flowId} order by s.id for update of s`
}

/**
 * Makes the deployment's schedules these. One that was there keeps its id, what was scheduled of it and its catch-up policy:
 * found by its slug, and where neither has one by the schedule itself.
 */
export async function replaceSchedules(
  sql: Transaction,
  of: SchedulesOf,
  old: readonly ScheduleRow[],
  wanted: readonly ReadSchedule[],
): Promise<void> {
  const left = new Set(old)
  const pairs = wanted.map((schedule) => {
    const same = [...left].find((row) =>
      schedule.slug
        ? row.slug === schedule.slug
        : row.slug === null && isSame(row.schedule, schedule.schedule ?? row.schedule),
    )
    if (same) left.delete(same)
    return [same, schedule] as const
  })
  await removeSchedules(sql, of, [...left])
  for (const [row, schedule] of pairs) {
    if (row) {
      await updateScheduleRow(sql, of, row, {
        active: true,
        parameters: '{}' as RawJson,
        maxScheduledRuns: null,
        ...defined(schedule),
      })
    } else await insertSchedule(sql, of, schedule)
  }
}

/**
 * What a patch of a deployment does to its schedules: where all have slugs, those that are named are changed or made and the
 * others stay; otherwise they are replaced as a whole. Throws BadInput for slugs that contradict each other.
 */
export async function patchSchedules(
  sql: Transaction,
  of: SchedulesOf,
  old: readonly ScheduleRow[],
  wanted: readonly ReadSchedule[],
): Promise<void> {
  const storedHaveSlugs = old.length > 0 && old.every((row) => row.slug !== null)
  const sentHaveSlugs = wanted.every((schedule) => schedule.slug)
  if (wanted.length === 0 || !storedHaveSlugs) return replaceSchedules(sql, of, old, wanted)
  if (!sentHaveSlugs) {
    throw new BadInput(
      'Please provide a slug for each schedule in your request to ensure schedules are updated correctly.',
    )
  }
  const replaced = new Set<string>()
  const pairs = wanted.map((schedule) => {
    const { slug, replaces } = schedule
    if (!replaces) return [old.find((row) => row.slug === slug), schedule] as const
    if (replaced.has(replaces)) throw new BadInput(`Two schedules replace “${replaces}”; one can.`)
    replaced.add(replaces)
    if (replaces !== slug && old.some((row) => row.slug === slug))
      throw new BadInput(
        `The slug “${slug}” belongs to another schedule already; “${replaces}” cannot take it.`,
      )
    return [old.find((row) => row.slug === replaces), schedule] as const
  })
  for (const [row, schedule] of pairs) {
    if (row) await updateScheduleRow(sql, of, row, defined(schedule))
    else await insertSchedule(sql, of, schedule)
  }
}

export async function removeSchedules(
  sql: Transaction,
  { workspaceId, deploymentId }: SchedulesOf,
  rows: readonly Pick<ScheduleRow, 'id'>[],
): Promise<void> {
  if (rows.length === 0) return
  await sql`
    delete from deployment_schedules
    where workspace_id = ${workspaceId} and deployment_id = ${deploymentId} and id = any(${rows.map((row) => row.id)}::uuid[])`
}

/** Answers its id. The scheduler sees it once `takeBackRuns` has said so. */
export async function insertSchedule(
  sql: Transaction,
  { workspaceId, deploymentId, nowMicros }: SchedulesOf,
  { schedule, active = true, parameters, maxScheduledRuns, slug, catchUp }: ReadSchedule,
): Promise<string> {
  if (!schedule)
    throw new BadInput(`The schedule “${slug ?? ''}” is not there yet, and so needs to say when it fires.`)
  const id = uuidv7()
  await sql`
    insert into deployment_schedules (
      workspace_id, deployment_id, id, slug, schedule, active, parameters, max_scheduled_runs, catch_up, scheduled_until, created_at, updated_at)
    values (
      ${workspaceId}, ${deploymentId}, ${id}, ${slug || null}, ${JSON.stringify(schedule)}::text::jsonb, ${active},
      ${parameters ?? '{}'}::text::json, ${maxScheduledRuns ?? null}, ${keptJson(chooseCatchUp({ policy: unsaidCatchUp, over: null }, catchUp))}::text::jsonb,
      ${formatInstant(nowMicros)}, ${formatInstant(nowMicros)}, ${formatInstant(nowMicros)})`
  return id
}

/** Absent members are left. */
export async function updateScheduleRow(
  sql: Transaction,
  { workspaceId, deploymentId, nowMicros }: SchedulesOf,
  { id, catchUp: policy, catchUpOver: over }: Pick<ScheduleRow, 'id' | 'catchUp' | 'catchUpOver'>,
  { schedule, active, parameters, maxScheduledRuns, slug, catchUp }: Partial<ReadSchedule>,
): Promise<void> {
  await sql`
    update deployment_schedules set updated_at = ${formatInstant(nowMicros)}
      ${schedule ? sql`, schedule = ${JSON.stringify(schedule)}::text::jsonb` : sql``}
      ${active === undefined ? sql`` : sql`, active = ${active}`}
      ${parameters === undefined ? sql`` : sql`, parameters = ${parameters}::text::json`}
      ${maxScheduledRuns === undefined ? sql`` : sql`, max_scheduled_runs = ${maxScheduledRuns}`}
      ${slug === undefined ? sql`` : sql`, slug = ${slug || null}`}
      ${catchUp === undefined ? sql`` : sql`, catch_up = ${keptJson(chooseCatchUp({ policy, over }, catchUp))}::text::jsonb`}
    where workspace_id = ${workspaceId} and deployment_id = ${deploymentId} and id = ${id}`
}

/** As the column has it: the policy, and in it what it stands in the place of. */
const keptJson = ({ policy, over }: KeptCatchUp): string =>
  JSON.stringify(over ? { ...policy, over } : policy)

const defined = (schedule: ReadSchedule): Partial<ReadSchedule> =>
  Object.fromEntries(Object.entries(schedule).filter(([, value]) => value !== undefined))

/** Whatever the order of the keys: the database has its own. */
const isSame = (a: Readonly<Record<string, unknown>>, b: Readonly<Record<string, unknown>>): boolean =>
  canonical(a) === canonical(b)
const canonical = (value: Readonly<Record<string, unknown>>): string =>
  JSON.stringify(Object.entries(value).sort(([x], [y]) => (x < y ? -1 : 1)))
