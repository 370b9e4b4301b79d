import { z } from 'zod'
import { explainFlowRun } from '../../control/flow-runs/explain-flow-run.ts'
import type { WaitingReason } from '../../domain/orchestration/waiting/waiting.ts'
import { formatInstant } from '../../domain/time.ts'
import { route } from '../route.ts'
import { uuid } from '../schemas.ts'
import { stateAnswer } from './responses.ts'
import { stateJson } from './wire.ts'

const when = z.iso.datetime().nullable()

const reasonAnswer = z
  .object({
    /** The rule that holds the run back, or that noticed what is missing. */
    rule: z.string(),
    title: z.string(),
    detail: z.string(),
    facts: z.record(z.string(), z.unknown()),
    since: when,
    forecast_at: when,
    action: z
      .object({ label: z.string(), command: z.string().nullable(), path: z.string().nullable() })
      .nullable(),
    links: z.array(
      z.object({
        kind: z.enum(['flow-run', 'work-pool', 'work-queue', 'worker', 'deployment', 'concurrency-limit']),
        id: z.uuid(),
        name: z.string(),
      }),
    ),
  })
  .meta({ id: 'WaitingReason' })

const explanationAnswer = z
  .object({
    flow_run_id: z.uuid(),
    verdict: z.enum(['running', 'waiting', 'ended']),
    state: stateAnswer.nullable(),
    reasons: z.array(reasonAnswer),
  })
  .meta({ id: 'FlowRunExplanation' })

const instant = (micros: number | null): string | null => (micros === null ? null : formatInstant(micros))

const wireReason = (reason: WaitingReason, base: string): z.output<typeof reasonAnswer> => ({
  rule: reason.rule,
  title: reason.title,
  detail: reason.detail,
  facts: reason.facts,
  since: instant(reason.sinceMicros),
  forecast_at: instant(reason.forecastMicros),
  action: reason.action && {
    ...reason.action,
    path: reason.action.path === null ? null : `${base}/${reason.action.path}`,
  },
  links: [...reason.links],
})

const explain = route({
  method: 'GET',
  path: '/flow_runs/{id}/explain',
  permission: { in: 'workspace', scope: 'see_flows' },
  summary: 'Tell why a flow run is not running, and what would help',
  tag: 'Flow runs',
  params: z.object({ id: uuid }),
  success: { 200: explanationAnswer },
  handle: async ({ ctx, params, accountId, workspaceId }) => {
    const { flowRunId, verdict, state, reasons } = await explainFlowRun(ctx, params.id)
    const base = `/account/${accountId}/workspace/${workspaceId}`
    const wired = reasons.map((reason) => wireReason(reason, base))
    return {
      status: 200,
      rawJson: `{"flow_run_id":"${flowRunId}","verdict":"${verdict}","state":${state === null ? 'null' : stateJson(state)},"reasons":${JSON.stringify(wired)}}`,
    }
  },
})

export const flowRunExplainRoutes = [explain]
