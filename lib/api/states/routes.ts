import { z } from 'zod'
import { listStates, type RunKind, readState, type StateRow } from '../../control/states/read-states.ts'
import { stateAnswer } from '../flow-runs/responses.ts'
import { stateFields } from '../flow-runs/wire.ts'
import { route } from '../route.ts'
import { uuid } from '../schemas.ts'

const tag = 'States'
const see = { in: 'workspace', scope: 'see_flows' } as const

const stateJson =
  (kind: RunKind) =>
  (row: StateRow): string =>
    stateFields(
      row.id,
      row.type,
      row.name,
      row.at,
      row.message,
      { ...row.details, [kind === 'flow-run' ? 'flow_run_id' : 'task_run_id']: row.runId },
      row.data,
    )

const routesOf = (kind: RunKind, noun: string, path: string, query: 'flow_run_id' | 'task_run_id') => [
  route({
    method: 'GET',
    path: `/${path}/`,
    permission: see,
    summary: `List the states of a ${noun}, oldest first`,
    tag,
    query: z.object({ [query]: uuid } as Record<typeof query, typeof uuid>),
    success: { 200: z.array(stateAnswer) },
    handle: async ({ ctx, query: asked }) => {
      const rows = await listStates(ctx, kind, asked[query])
      return { status: 200, rawJson: `[${rows.map(stateJson(kind)).join(',')}]` }
    },
  }),
  route({
    method: 'GET',
    path: `/${path}/{id}`,
    permission: see,
    summary: `Read one state of a ${noun}`,
    tag,
    params: z.object({ id: uuid }),
    success: { 200: stateAnswer },
    handle: async ({ ctx, params }) => ({
      status: 200,
      rawJson: stateJson(kind)(await readState(ctx, kind, params.id)),
    }),
  }),
]

export const stateRoutes = [
  ...routesOf('flow-run', 'flow run', 'flow_run_states', 'flow_run_id'),
  ...routesOf('task-run', 'task run', 'task_run_states', 'task_run_id'),
]
