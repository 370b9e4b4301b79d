'use client'
import { sendJson } from '#app/_ui/send-json.ts'
import type { StateType } from '#lib/domain/state.ts'

interface Transition {
  readonly state: { readonly type: StateType; readonly name: string } | null
  readonly status: 'ACCEPT' | 'REJECT' | 'ABORT' | 'WAIT'
  readonly details: { readonly reason?: string | null }
}

/** null: the run is in the state that was asked for. Else why not, in words. */
export async function proposeState(
  api: string,
  runId: string,
  state: unknown,
  force = false,
): Promise<string | null> {
  const sent = await sendJson<Transition>('POST', `${api}/flow_runs/${runId}/set_state`, { state, force })
  if (!sent.ok) return sent.reason
  return refusalOf(sent.body)
}

export const refusalOf = ({ status, details, state }: Transition): string | null => {
  if (status === 'ACCEPT') return null
  const now = state ? ` It is ${state.name} now.` : ''
  return `${details.reason ?? 'The rules do not allow it.'}${status === 'REJECT' ? now : ''}`
}

export interface Done {
  readonly ids: readonly string[]
  readonly refused: readonly string[]
}

/** At most this many runs in one request. */
export const chunkSize = 50

const chunksOf = <T>(items: readonly T[]): T[][] =>
  Array.from({ length: Math.ceil(items.length / chunkSize) }, (_, i) =>
    items.slice(i * chunkSize, (i + 1) * chunkSize),
  )

interface Matching {
  readonly id: string
  readonly state: { readonly state_details?: { readonly run_input_keyset?: unknown } } | null
}

/** Every run that matches, the newest first. Throws a sentence. */
export async function runsMatching(
  api: string,
  filter: Record<string, unknown>,
  atMost: number,
): Promise<Matching[]> {
  const runs = new Map<string, Matching>()
  const page = 200
  for (let offset = 0; runs.size < atMost; offset += page) {
    const sent = await sendJson<readonly Matching[]>('POST', `${api}/flow_runs/filter`, {
      ...filter,
      sort: 'ID_DESC',
      limit: page,
      offset,
    })
    if (!sent.ok) throw new Error(sent.reason)
    for (const run of sent.body) runs.set(run.id, run)
    if (sent.body.length < page) break
  }
  return [...runs.values()].slice(0, atMost)
}

export async function countMatching(api: string, filter: Record<string, unknown>): Promise<number> {
  const sent = await sendJson<number>('POST', `${api}/flow_runs/count`, filter)
  if (!sent.ok) throw new Error(sent.reason)
  return sent.body
}

/** Acts on many runs, some at a time, telling how far it is. What went wrong with one is a reason, not an end. */
export async function actOnMany(
  ids: readonly string[],
  act: (chunk: readonly string[]) => Promise<Done>,
  onProgress: (done: number) => void,
): Promise<Done> {
  const done: string[] = []
  const refused: string[] = []
  for (const chunk of chunksOf(ids)) {
    const answer = await act(chunk)
    done.push(...answer.ids)
    refused.push(...answer.refused)
    onProgress(done.length + refused.length)
  }
  return { ids: done, refused }
}

export async function setManyStates(
  api: string,
  ids: readonly string[],
  state: unknown,
  force = false,
): Promise<Done> {
  const sent = await sendJson<{
    readonly results: readonly (Transition & { readonly flow_run_id: string })[]
  }>('POST', `${api}/flow_runs/bulk_set_state`, { flow_runs: { id: { any_: ids } }, state, force })
  if (!sent.ok) return { ids: [], refused: ids.map(() => sent.reason) }
  const refused = sent.body.results.flatMap((each) => refusalOf(each) ?? [])
  return {
    ids: sent.body.results.filter((each) => each.status === 'ACCEPT').map((each) => each.flow_run_id),
    refused: [...refused, ...ids.slice(sent.body.results.length).map(() => 'It was deleted meanwhile.')],
  }
}

export async function deleteMany(api: string, ids: readonly string[]): Promise<Done> {
  const sent = await sendJson<{ readonly deleted: readonly string[] }>(
    'POST',
    `${api}/flow_runs/bulk_delete`,
    {
      flow_runs: { id: { any_: ids } },
    },
  )
  if (!sent.ok) return { ids: [], refused: ids.map(() => sent.reason) }
  const gone = sent.body.deleted
  return { ids: gone, refused: ids.slice(gone.length).map(() => 'It was deleted meanwhile.') }
}

/** Lets a paused run go on, with the input that it waits for. null: it goes on; else why not, in words. */
export async function resumeRun(
  api: string,
  runId: string,
  inputJson: string | null,
): Promise<string | null> {
  const body = inputJson === null ? {} : { run_input: JSON.parse(inputJson) }
  const sent = await sendJson<{ readonly status?: string; readonly details?: { readonly reason?: string } }>(
    'POST',
    `${api}/flow_runs/${runId}/resume`,
    body,
  )
  if (!sent.ok) return sent.reason
  return sent.body?.status && sent.body.status !== 'ACCEPT'
    ? (sent.body.details?.reason ?? 'It cannot be resumed now.')
    : null
}

/** There is no call for many: each answers for itself. */
export async function resumeMany(api: string, ids: readonly string[]): Promise<Done> {
  const answers = await Promise.all(ids.map(async (id) => ({ id, reason: await resumeRun(api, id, null) })))
  return {
    ids: answers.filter(({ reason }) => reason === null).map(({ id }) => id),
    refused: answers.flatMap(({ reason }) => reason ?? []),
  }
}
