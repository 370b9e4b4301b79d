import { readWorkspace } from '../../db/scope.ts'
import { BadInput, NotFound } from '../../domain/problem.ts'
import type { StateType } from '../../domain/state.ts'
import { type Context, requireScope } from '../context.ts'

export interface GraphNode {
  readonly kind: 'flow-run' | 'task-run'
  readonly id: string
  readonly label: string
  readonly stateType: StateType
  readonly startAt: string
  readonly endAt: string | null
  readonly parents: readonly string[]
  readonly children: readonly string[]
  readonly encapsulating: readonly string[]
}

export interface RunGraph {
  readonly startAt: string | null
  readonly endAt: string | null
  readonly rootNodeIds: readonly string[]
  readonly nodes: readonly GraphNode[]
  readonly states: readonly {
    readonly id: string
    readonly at: string
    readonly type: StateType
    readonly name: string
  }[]
}

/** More than a picture can show, or a browser hold. */
export const MAX_NODES = 10_000

interface NodeRow {
  readonly id: string
  readonly name: string
  readonly stateType: StateType | null
  readonly startAt: string
  readonly endAt: string | null
  readonly taskInputs: string
  readonly childId: string | null
  readonly childName: string | null
}

/**
 * What ran in a flow run and what waited for what: its task runs, with sub-flow runs in the place of the task runs that stand for them.
 * Throws NotFound, and BadInput beyond 10,000 nodes.
 */
export async function readRunGraph(ctx: Context, id: string, sinceAt: string | null): Promise<RunGraph> {
  requireScope(ctx, 'see_flows')
  const { workspaceId } = ctx
  return readWorkspace(ctx.db, workspaceId, async (sql) => {
    const [run] = await sql<{ startAt: string | null; endAt: string | null }[]>`
      select coalesce(start_at, expected_start_at) as start_at, end_at from flow_runs where workspace_id = ${workspaceId} and id = ${id}`
    if (!run) throw new NotFound('Flow run')
    const [rows, states] = await Promise.all([
      sql<NodeRow[]>`
        select t.id, t.name, coalesce(c.state_type, t.state_type) as state_type, t.task_inputs, c.id as child_id, c.name as child_name,
          coalesce(c.start_at, c.expected_start_at, t.start_at, t.expected_start_at, t.created_at) as start_at,
          coalesce(c.end_at, t.end_at) as end_at
        from task_runs t
        left join flow_runs c on c.workspace_id = t.workspace_id and c.parent_task_run_id = t.id
        where t.workspace_id = ${workspaceId} and t.flow_run_id = ${id}
        limit ${MAX_NODES + 1}`,
      sql<{ id: string; at: string; type: StateType; name: string }[]>`
        select id, at, type, name from flow_run_states where workspace_id = ${workspaceId} and run_id = ${id} order by at, id limit 10000`,
    ])
    if (rows.length > MAX_NODES) {
      throw new BadInput(
        `The graph of flow run ${id} has more than ${MAX_NODES.toLocaleString('en')} nodes, too many to draw. List its task runs instead.`,
        {
          status: 400,
        },
      )
    }
    return { ...run, states, ...draw(rows, sinceAt) }
  })
}

function draw(rows: readonly NodeRow[], sinceAt: string | null): Pick<RunGraph, 'nodes' | 'rootNodeIds'> {
  // Inputs name task runs; a sub-flow is drawn as itself.
  const nodeOfTask = new Map(rows.map((row) => [row.id, row.childId ?? row.id]))
  const nodes = rows.map((row) => ({
    row,
    id: row.childId ?? row.id,
    ...upstream(row.taskInputs, nodeOfTask),
  }))
  const children = new Map<string, string[]>()
  for (const node of nodes)
    for (const parent of node.parents) children.set(parent, [...(children.get(parent) ?? []), node.id])
  nodes.sort(
    (a, b) =>
      compare(a.row.startAt, b.row.startAt) ||
      compare(a.row.endAt ?? '~', b.row.endAt ?? '~') ||
      compare(a.id, b.id),
  )
  const shown =
    sinceAt === null ? nodes : nodes.filter(({ row }) => row.endAt === null || row.endAt >= sinceAt)
  return {
    rootNodeIds: shown.filter((node) => node.parents.length === 0).map((node) => node.id),
    nodes: shown.map(({ row, id, parents, encapsulating }) => ({
      kind: row.childId ? 'flow-run' : 'task-run',
      id,
      label: row.childName ?? row.name,
      stateType: row.stateType ?? 'PENDING',
      startAt: row.startAt,
      endAt: row.endAt,
      parents,
      children: children.get(id) ?? [],
      encapsulating,
    })),
  }
}

const compare = (a: string, b: string): number => (a < b ? -1 : a > b ? 1 : 0)

/** Where a task run's inputs came from. `__parents__` are the task runs that it runs inside of. */
function upstream(
  taskInputs: string,
  nodeOfTask: ReadonlyMap<string, string>,
): { parents: string[]; encapsulating: string[] } {
  const parents = new Set<string>()
  const encapsulating = new Set<string>()
  for (const { key, id } of upstreamTaskRuns(taskInputs)) {
    const node = nodeOfTask.get(id)
    if (node) (key === '__parents__' ? encapsulating : parents).add(node)
  }
  return { parents: [...parents], encapsulating: [...encapsulating] }
}

/** The task runs that an input of each name came from. Clients send what they like here: what is not understood is passed over. */
export function* upstreamTaskRuns(taskInputs: string): Generator<{ key: string; id: string }> {
  const inputs: unknown = JSON.parse(taskInputs)
  if (typeof inputs !== 'object' || inputs === null) return
  for (const [key, sources] of Object.entries(inputs)) {
    if (!Array.isArray(sources)) continue
    for (const source of sources) {
      if (source?.input_type === 'task_run' && typeof source.id === 'string')
        yield { key, id: source.id.toLowerCase() }
    }
  }
}
