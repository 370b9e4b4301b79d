import { isFinal } from '../domain/state.ts'
import type { RunKey } from './key-order.ts'
import { runAfter, type StoredFlowRun } from './stored.ts'
import type { FlowRunUpdate } from './write-set.ts'

/** Runs of a generation. Two are kept at most, each run about a kilobyte: what a server has in hand that is as busy as it can be. */
const GENERATION = 32_768
const GENERATION_MS = 60_000
/** What is larger is not worth its memory. */
const MOST_TEXT = 4_000
/** How long runs are looked at first once somebody else turned out to write them too, as replicas do that share their requests. */
const DOUBT_MS = 10_000

/**
 * Flow runs as this process wrote or read them last, with the versions of the rows they are made of. They may have changed since:
 * whoever goes by them writes under the condition that they have not. Whatever is known may be forgotten at any time.
 */
export class KnownRuns {
  /** By id. Where two tenants chose the same, whichever came last is known. */
  #young = new Map<string, StoredFlowRun>()
  #old = new Map<string, StoredFlowRun>()
  #doubtUntilMs = 0
  #aging: NodeJS.Timeout | null = null

  /** All of these runs, by workspace and id, which are forgotten thereby; null: one is not known, and all stay. */
  take(wanted: readonly RunKey[]): ReadonlyMap<string, StoredFlowRun> | null {
    if (this.#doubtUntilMs > performance.now()) return null
    const found = new Map<string, StoredFlowRun>()
    for (const { workspaceId, runId } of wanted) {
      const run = this.#young.get(runId) ?? this.#old.get(runId)
      if (run?.workspaceId !== workspaceId) return null
      found.set(`${workspaceId} ${runId}`, run)
    }
    for (const { runId } of wanted) this.#delete(runId)
    return found
  }

  /** Keeps the run as a transition of that version left it, if it belongs to nothing but its flow, and may go on soon. */
  keepMoved(update: FlowRunUpdate, version: string): void {
    this.#delete(update.before.id)
    if (isFinal(update.state.state_type) || !isAlone(update.before)) return
    this.#keep(runAfter(update, version))
  }

  /** The same of a run that was made. */
  keep(run: StoredFlowRun): void {
    this.#delete(run.id)
    if ((run.stateType !== null && isFinal(run.stateType)) || !isAlone(run)) return
    this.#keep(run)
  }

  #keep(run: StoredFlowRun): void {
    if (textOf(run) > MOST_TEXT) return
    if (this.#young.size >= GENERATION) this.#age()
    this.#young.set(run.id, run)
    this.#aging ??= setInterval(() => this.#age(), GENERATION_MS).unref()
  }

  forget({ runId }: RunKey): void {
    this.#delete(runId)
  }

  /** What was known was not so. */
  doubt(): void {
    this.#doubtUntilMs = performance.now() + DOUBT_MS
  }

  #delete(id: string): void {
    this.#young.delete(id)
    this.#old.delete(id)
  }

  #age(): void {
    this.#old = this.#young
    this.#young = new Map()
    if (this.#old.size > 0 || this.#aging === null) return
    clearInterval(this.#aging)
    this.#aging = null
  }
}

/** Characters that callers chose freely. */
const textOf = ({
  name,
  tags,
  stateMessage,
  stateData,
  stateDetails,
  empiricalPolicy,
}: StoredFlowRun): number =>
  name.length +
  lengthOf(stateMessage) +
  lengthOf(stateData) +
  lengthOf(tags) +
  lengthOf(stateDetails) +
  lengthOf(empiricalPolicy)

/** Characters in a value, however deep. */
export function lengthOf(value: unknown): number {
  if (typeof value === 'string') return value.length
  if (value === null || typeof value !== 'object') return 0
  let length = 0
  for (const key in value) length += key.length + lengthOf((value as Record<string, unknown>)[key])
  return length
}

/** Of others more is to be read under their locks: limits of their deployment, places of their pool, who claimed them. */
const isAlone = ({ deploymentId, workQueueId, claim }: StoredFlowRun): boolean =>
  deploymentId === null && workQueueId === null && claim === null
