import type { RunFilter } from '#lib/control/console/run-filter.ts'
import { defaultStateName, type StateType } from '#lib/domain/state.ts'
import { actOnMany, type Done, deleteMany, resumeMany, runsMatching, setManyStates } from './act.ts'
import {
  apiFilterOf,
  cancelProposal,
  pauseProposal,
  type RunVerb,
  retryProposal,
  statesFor,
} from './verbs.ts'

/** Each verb that one run knows is there for many. */
export type BulkVerb = RunVerb

/** Some runs by their ids, or all that the list's filter matches. */
export type Chosen =
  | { readonly kind: 'ids'; readonly ids: readonly string[] }
  | { readonly kind: 'all'; readonly filter: RunFilter }

/** What the dialog asks for beside the verb. */
export interface Asked {
  readonly type: StateType
  readonly message: string
  readonly pauseSeconds: number
}

/** More than these are done by another call of the same. */
export const mostRuns = 10_000

export function filterOf(chosen: Chosen, states: readonly StateType[] | null): Record<string, unknown> {
  if (chosen.kind === 'all') return apiFilterOf(chosen.filter, states)
  return { flow_runs: { id: { any_: chosen.ids }, ...(states ? { state: { type: { any_: states } } } : {}) } }
}

/** Does it to all that it can be done to. Throws a sentence when nothing can be asked. */
export async function doBulk(
  api: string,
  verb: BulkVerb,
  chosen: Chosen,
  asked: Asked,
  onProgress: (done: number) => void,
): Promise<Done> {
  const runs = (states: readonly StateType[]) => runsMatching(api, filterOf(chosen, states), mostRuns)
  const matching = async (states: readonly StateType[]) => (await runs(states)).map(({ id }) => id)
  switch (verb) {
    case 'cancel': {
      // What executes is asked to stop, what waits is over: two proposals.
      const waiting = statesFor('cancel').filter((type) => cancelProposal(type).type === 'CANCELLED')
      const executing = statesFor('cancel').filter((type) => cancelProposal(type).type === 'CANCELLING')
      const [still, busy] = await Promise.all([matching(waiting), matching(executing)])
      const first = await actOnMany(
        still,
        (ids) => setManyStates(api, ids, cancelProposal('SCHEDULED')),
        onProgress,
      )
      const second = await actOnMany(
        busy,
        (ids) => setManyStates(api, ids, cancelProposal('RUNNING')),
        (done) => onProgress(still.length + done),
      )
      return { ids: [...first.ids, ...second.ids], refused: [...first.refused, ...second.refused] }
    }
    case 'pause':
      return actOnMany(
        await matching(statesFor('pause')),
        (ids) => setManyStates(api, ids, pauseProposal(Date.now(), asked.pauseSeconds)),
        onProgress,
      )
    case 'resume':
      return resumeAll(api, await runs(statesFor('resume')), onProgress)
    case 'retry':
      return actOnMany(
        await matching(statesFor('retry')),
        (ids) => setManyStates(api, ids, retryProposal(Date.now())),
        onProgress,
      )
    case 'set-state': {
      const wanted = {
        type: asked.type,
        name: defaultStateName(asked.type),
        ...(asked.message.trim() ? { message: asked.message.trim() } : {}),
      }
      return actOnMany(
        await matching(statesFor(verb)),
        (ids) => setManyStates(api, ids, wanted, true),
        onProgress,
      )
    }
    case 'delete':
      return actOnMany(await matching(statesFor(verb)), (ids) => deleteMany(api, ids), onProgress)
  }
}

/** An empty answer may be an answer: whoever asks a person something is resumed by one. */
async function resumeAll(
  api: string,
  runs: Awaited<ReturnType<typeof runsMatching>>,
  onProgress: (done: number) => void,
): Promise<Done> {
  const asks = runs.filter((run) => run.state?.state_details?.run_input_keyset)
  const ids = runs.filter((run) => !asks.includes(run)).map(({ id }) => id)
  const done = await actOnMany(ids, (chunk) => resumeMany(api, chunk), onProgress)
  const refused = asks.map(() => 'It waits for an input: resume it by itself.')
  return { ids: done.ids, refused: [...done.refused, ...refused] }
}
