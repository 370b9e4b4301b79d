import type { Change } from '../domain/change.ts'
import type { TransitionDeps } from './flow-run-transitions.ts'
import { grouped } from './grouped.ts'
import type { EventRow } from './write-set.ts'

// What was committed, handed to those who watch: a list a workspace, in its order.

/** Hands changes to the live feed. */
export function publishAll(
  deps: Pick<TransitionDeps, 'publish'>,
  published: readonly (readonly [workspaceId: string, change: Change])[],
): void {
  for (const [workspaceId, changes] of grouped(
    published,
    ([workspaceId]) => workspaceId,
    ([, change]) => change,
  ))
    deps.publish(workspaceId, changes)
}

/** The same of what is mostly written while nobody looks: `changeOf` is asked only where somebody does. */
export function publishIfWatched<Item>(
  deps: Pick<TransitionDeps, 'publish' | 'watches' | 'skip'>,
  workspaceId: string,
  items: readonly Item[],
  changeOf: (item: Item) => Change,
): void {
  if (deps.watches(workspaceId)) deps.publish(workspaceId, items.map(changeOf))
  else deps.skip(workspaceId, items.length)
}

/** Hands stored events to their subscribers. */
export function publishEvents(
  deps: Pick<TransitionDeps, 'publishEvents'>,
  events: readonly EventRow[],
): void {
  for (const [workspaceId, list] of grouped(
    events,
    (event) => event.workspace_id,
    (event) => event,
  ))
    deps.publishEvents(workspaceId, list)
}
