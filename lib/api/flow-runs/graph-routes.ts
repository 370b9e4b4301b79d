import { z } from 'zod'
import { readFlowRun } from '../../control/flow-runs/read-flow-run.ts'
import {
  MAX_NODES,
  type RunGraph,
  readRunGraph,
  upstreamTaskRuns,
} from '../../control/flow-runs/read-run-graph.ts'
import { listTaskRuns } from '../../control/task-runs/list-task-runs.ts'
import { BadInput } from '../../domain/problem.ts'
import { formatInstant } from '../../domain/time.ts'
import { route } from '../route.ts'
import { instant, stateType, uuid } from '../schemas.ts'
import { stateAnswer } from './responses.ts'
import { computedTimes, rowStateJson } from './wire.ts'

const tag = 'Flow runs'
const see = { in: 'workspace', scope: 'see_flows' } as const
const byId = z.object({ id: uuid })
const when = z.iso.datetime()
const edge = z.object({ id: z.uuid() })

const node = z.object({
  kind: z.enum(['flow-run', 'task-run']),
  id: z.uuid(),
  label: z.string(),
  state_type: stateType,
  start_time: when,
  end_time: when.nullable(),
  parents: z.array(edge),
  children: z.array(edge),
  encapsulating: z.array(edge),
  artifacts: z.array(z.unknown()),
})

const graphAnswer = z.object({
  start_time: when.nullable(),
  end_time: when.nullable(),
  root_node_ids: z.array(z.uuid()),
  nodes: z.array(z.tuple([z.uuid(), node])),
  artifacts: z.array(z.unknown()),
  states: z.array(z.object({ id: z.uuid(), timestamp: when, type: stateType, name: z.string() })),
})

const wireGraph = (graph: RunGraph): z.input<typeof graphAnswer> => {
  const edges = (ids: readonly string[]) => ids.map((id) => ({ id }))
  return {
    start_time: graph.startAt,
    end_time: graph.endAt,
    root_node_ids: [...graph.rootNodeIds],
    nodes: graph.nodes.map(
      ({ kind, id, label, stateType: state_type, startAt, endAt, parents, children, encapsulating }) => [
        id,
        {
          kind,
          id,
          label,
          state_type,
          start_time: startAt,
          end_time: endAt,
          parents: edges(parents),
          children: edges(children),
          encapsulating: edges(encapsulating),
          artifacts: [],
        },
      ],
    ),
    artifacts: [],
    states: graph.states.map((state) => ({
      id: state.id,
      timestamp: state.at,
      type: state.type,
      name: state.name,
    })),
  }
}

const graph = route({
  method: 'GET',
  path: '/flow_runs/{id}/graph-v2',
  permission: see,
  summary: 'The task runs and sub-flow runs of a flow run, and what waited for what',
  tag,
  params: byId,
  query: z.object({ since: instant.optional() }),
  success: { 200: graphAnswer },
  errors: [400],
  handle: async ({ ctx, params, query }) => {
    const since = query.since === undefined ? null : formatInstant(query.since)
    return { status: 200, json: wireGraph(await readRunGraph(ctx, params.id, since)) }
  },
})

const dependency = z.object({
  id: z.uuid(),
  name: z.string(),
  upstream_dependencies: z.array(z.object({ input_type: z.literal('task_run'), id: z.uuid() })),
  state: stateAnswer.nullable(),
  expected_start_time: when.nullable(),
  start_time: when.nullable(),
  end_time: when.nullable(),
  total_run_time: z.number().nullable(),
  estimated_run_time: z.number().nullable(),
  untrackable_result: z.boolean(),
})

const dependencies = route({
  method: 'GET',
  path: '/flow_runs/{id}/graph',
  permission: see,
  summary: 'The task runs of a flow run, each with those it waited for',
  tag,
  params: byId,
  success: { 200: z.array(dependency) },
  errors: [400],
  handle: async ({ ctx, params }) => {
    const run = await readFlowRun(ctx, params.id)
    const rows = await listTaskRuns(ctx, {
      filters: { task_runs: { flow_run_id: { any_: [run.id] } } },
      sort: 'EXPECTED_START_TIME_ASC',
      limit: MAX_NODES + 1,
      offset: 0,
    })
    if (rows.length > MAX_NODES)
      throw new BadInput(`The graph has more than ${MAX_NODES} nodes, too many to draw.`, { status: 400 })
    const items = rows.map((row) => {
      const upstream = [...upstreamTaskRuns(row.taskInputs)].map(({ id }) => ({ input_type: 'task_run', id }))
      const fields = JSON.stringify({
        id: row.id,
        name: row.name,
        upstream_dependencies: upstream,
        expected_start_time: row.expectedStartAt,
        start_time: row.startAt,
        end_time: row.endAt,
        total_run_time: row.totalRunTimeSeconds,
        estimated_run_time: computedTimes(row, ctx.nowMicros()).estimated_run_time,
        untrackable_result: row.stateDetails?.untrackable_result ?? false,
      })
      return `${fields.slice(0, -1)},"state":${rowStateJson(row)}}`
    })
    return { status: 200, rawJson: `[${items.join(',')}]` }
  },
})

export const flowRunGraphRoutes = [graph, dependencies]
