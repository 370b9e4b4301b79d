import { readWorkspace } from '../../db/scope.ts'
import type { WorkspaceScope } from '../../domain/access/scopes.ts'
import { BadInput, NotFound } from '../../domain/problem.ts'
import { type Context, requireScope } from '../context.ts'

/**
 * Who may do what with one deployment, work pool or block. The hosted API keeps lists of that; here roles decide for all objects of a
 * workspace alike, so that there is one answer for each, and a list that says anything else cannot be kept.
 */

export const accessLevels = ['manage', 'run', 'view'] as const
export type AccessLevel = (typeof accessLevels)[number]
export type GuardedNoun = 'deployment' | 'work-pool' | 'block-document'

interface Guarded {
  readonly table: string
  readonly title: string
  readonly scopes: Readonly<Partial<Record<AccessLevel, WorkspaceScope>>>
}

const guarded = {
  deployment: {
    table: 'deployments',
    title: 'Deployment',
    scopes: { manage: 'manage_deployments', run: 'run_deployments', view: 'see_deployments' },
  },
  'work-pool': {
    table: 'work_pools',
    title: 'Work pool',
    // To run something in a pool is to run a deployment of it.
    scopes: { manage: 'manage_work_pools', run: 'run_deployments', view: 'see_work_pools' },
  },
  'block-document': {
    table: 'block_documents',
    title: 'Block document',
    scopes: { manage: 'manage_blocks', view: 'see_blocks' },
  },
} as const satisfies Record<GuardedNoun, Guarded>

export type WhichObject =
  | { readonly noun: 'deployment' | 'block-document'; readonly id: string }
  | { readonly noun: 'work-pool'; readonly name: string }

/** The levels that there are for the object: each is everybody's whose role allows it. Throws NotFound. */
export async function readObjectAccess(ctx: Context, which: WhichObject): Promise<readonly AccessLevel[]> {
  const { scopes }: Guarded = guarded[which.noun]
  if (scopes.view) requireScope(ctx, scopes.view)
  await requireObject(ctx, which)
  return accessLevels.filter((level) => scopes[level] !== undefined)
}

/** Whom a list names on each level; `*`: everybody. */
export type AccessLists = Readonly<Record<string, readonly string[]>>

/** Keeps everybody on each level, which is how clients remove a list. Throws NotFound, BadInput for any other list. */
export async function setObjectAccess(ctx: Context, which: WhichObject, lists: AccessLists): Promise<void> {
  const { scopes }: Guarded = guarded[which.noun]
  if (scopes.manage) requireScope(ctx, scopes.manage)
  await requireObject(ctx, which)
  const isEverybody = Object.entries(lists).every(([key, ids]) =>
    key.endsWith('_team_ids') ? ids.length === 0 : ids.length === 1 && ids[0] === '*',
  )
  if (!isEverybody)
    throw new BadInput(
      'Rigel keeps no lists of who may use one object: the roles of the workspace decide for all of them. ' +
        'Send ["*"] on every level, and give people and service accounts the role that they need.',
    )
}

/** What the caller may do with those of these objects that are there. */
export async function listOwnAccess(
  ctx: Context,
  noun: GuardedNoun,
  { ids, names = [] }: { readonly ids: readonly string[]; readonly names?: readonly string[] },
): Promise<ReadonlyMap<string, readonly AccessLevel[]>> {
  const { table, scopes }: Guarded = guarded[noun]
  if (scopes.view) requireScope(ctx, scopes.view)
  const levels = accessLevels.filter((level) => {
    const scope = scopes[level]
    return scope !== undefined && ctx.access.scopes.has(scope)
  })
  const rows = await readWorkspace(
    ctx.db,
    ctx.workspaceId,
    (sql) => sql<{ id: string }[]>`
      select id from ${sql(table)}
      where workspace_id = ${ctx.workspaceId} and (id = any(${[...ids]}::uuid[]) or name = any(${[...names]}::text[]))`,
  )
  return new Map(rows.map(({ id }) => [id, levels]))
}

async function requireObject(ctx: Context, which: WhichObject): Promise<void> {
  const { table, title } = guarded[which.noun]
  const [row] = await readWorkspace(
    ctx.db,
    ctx.workspaceId,
    (sql) => sql`
      select from ${sql(table)}
      where workspace_id = ${ctx.workspaceId} and ${'id' in which ? sql`id = ${which.id}` : sql`name = ${which.name}`}`,
  )
  if (!row) throw new NotFound('name' in which ? `${title} "${which.name}"` : title)
}
