import { CalendarClock } from 'lucide-react'
import { valueWords } from '#app/_forms/schema.ts'
import { Card } from '#app/_ui/card.tsx'
import { EmptyState } from '#app/_ui/empty.tsx'
import { KeepRow } from '#app/_ui/keep-row.tsx'
import { Table } from '#app/_ui/table.tsx'
import { Ago, Time } from '#app/_ui/time.tsx'
import type { DeploymentRow, ScheduleRow } from '#lib/db/rows/deployment.ts'
import { parseLosslessObject } from '#lib/domain/lossless-json.ts'
import type { CatchUpPolicy } from '#lib/domain/schedules/catch-up.ts'
import { AddSchedule } from './add-schedule.tsx'
import { NextDays } from './next-days.tsx'
import type { ScheduledDeployment } from './schedule-dialog.tsx'
import { ScheduleMenu } from './schedule-menu.tsx'
import { ScheduleSwitch } from './schedule-switch.tsx'
import { nextTimeMs, type ScheduleShown, showSchedule, withCity } from './schedule-words.ts'

const days = 7

const columns = [
  { head: 'Active', width: 68 },
  { head: 'Name', width: 130 },
  { head: 'Fires' },
  { head: 'Next', width: 160 },
  { head: 'If runs were missed', width: 208, from: 'xl' },
  { head: 'Parameters', width: 170, from: 'wide' },
  { head: 'Actions', unseen: true, width: 52 },
] as const

export function Schedules({
  base,
  deployment,
  why,
}: {
  readonly base: string
  readonly deployment: DeploymentRow
  /** Why the reader may not change them; null: they may. */
  readonly why: string | null
}) {
  const { schedules } = deployment
  const scheduled: ScheduledDeployment = {
    id: deployment.id,
    parameterSchema: deployment.parameterOpenapiSchema,
    parameters: deployment.parameters,
    enforced: deployment.enforceParameterSchema,
  }
  const nowMs = Date.now()
  const untilMs = nowMs + days * 86_400_000
  const shown = schedules.map((row) => ({
    row,
    name: row.slug ?? 'Without a name',
    ...showSchedule(row.schedule, nowMs, untilMs),
    nextMs: nextTimeMs(row.schedule, nowMs),
  }))
  if (schedules.length === 0) {
    return (
      <EmptyState
        icon={<CalendarClock size={16} />}
        fact="No schedules"
        actions={<AddSchedule base={base} deployment={scheduled} why={why} />}
      >
        This deployment runs only when someone starts it.
      </EmptyState>
    )
  }
  return (
    <>
      <NextDays
        nowMs={nowMs}
        untilMs={untilMs}
        paused={deployment.paused}
        rows={shown.map((each) => ({
          id: each.row.id,
          name: each.name,
          active: each.row.active,
          timesMs: each.timesMs,
          nextMs: each.nextMs,
        }))}
      />
      <Card title="Schedules" aside={<AddSchedule base={base} deployment={scheduled} why={why} />}>
        <KeepRow ids={shown.map((each) => each.row.id)}>
          <Table caption="Schedules" columns={columns} inset>
            {shown.map((each) => (
              <ScheduleLine
                key={each.row.id}
                base={base}
                deployment={scheduled}
                row={each.row}
                name={each.name}
                shown={each}
                nextMs={each.nextMs}
                paused={deployment.paused}
                why={why}
              />
            ))}
          </Table>
        </KeepRow>
      </Card>
    </>
  )
}

function ScheduleLine({
  base,
  deployment,
  row,
  name,
  shown,
  nextMs,
  paused,
  why,
}: {
  readonly base: string
  readonly deployment: ScheduledDeployment
  readonly row: ScheduleRow
  readonly name: string
  readonly shown: ScheduleShown
  readonly nextMs: number | null
  readonly paused: boolean
  readonly why: string | null
}) {
  const own = [...(parseLosslessObject(row.parameters) ?? new Map())]
  return (
    <tr>
      <td className="overflow-visible! max-sm:order-5 max-sm:text-right!">
        <ScheduleSwitch
          base={base}
          deploymentId={row.deploymentId}
          id={row.id}
          name={name}
          active={row.active}
          why={why}
        />
      </td>
      <td className="font-medium max-sm:order-1" title={row.slug ?? undefined}>
        {row.slug ?? <span className="font-normal text-ink-3">No name</span>}
      </td>
      <td className="whole max-sm:order-3" title={shown.words}>
        <span className="flex min-w-0 items-baseline gap-2">
          <span className="truncate max-sm:whitespace-normal">{withCity(shown.words)}</span>
          <code className="flex-none font-mono text-ink-3 text-xs">{shown.source}</code>
        </span>
      </td>
      <td className="text-ink-2 max-sm:order-4">
        {!row.active || paused ? (
          <span className="text-ink-3">{row.active ? 'Deployment paused' : 'Paused'}</span>
        ) : nextMs === null ? (
          <span className="text-ink-3">Never again</span>
        ) : (
          <>
            <Time at={new Date(nextMs).toISOString()} />{' '}
            <span className="text-ink-3">
              {nextMs - Date.now() < 86_400_000 ? <Ago at={new Date(nextMs).toISOString()} /> : null}
            </span>
          </>
        )}
      </td>
      <td className="hide text-ink-2 max-xl:hidden">{catchUpWords(row.catchUp)}</td>
      <td className="hide text-ink-2 max-wide:hidden">
        {own.length === 0 ? (
          <span className="text-ink-3">Deployment defaults</span>
        ) : (
          <code
            className="font-mono text-xs"
            title={own.map(([key, value]) => `${key} = ${valueWords(value)}`).join(', ')}
          >
            {own.map(([key, value]) => `${key} = ${valueWords(value)}`).join(', ')}
          </code>
        )}
      </td>
      <td className="end max-sm:order-2 sm:p-0!">
        <ScheduleMenu
          base={base}
          deployment={deployment}
          schedule={{
            id: row.id,
            slug: row.slug,
            schedule: row.schedule,
            active: row.active,
            parameters: row.parameters,
            catchUp: row.catchUp,
          }}
          name={name}
          why={why}
        />
      </td>
    </tr>
  )
}

function catchUpWords(policy: CatchUpPolicy): string {
  switch (policy.kind) {
    case 'late':
      return 'Run late what was scheduled'
    case 'all':
      return 'Run all, oldest first'
    case 'latest':
      return 'Run the latest only'
    case 'last':
      return `Run the last ${policy.count}`
    case 'none':
      return 'Skip all'
  }
}
