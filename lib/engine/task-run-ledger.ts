import type { Transaction } from '../db/clients.ts'
import type { Statement } from '../db/transaction.ts'
import { uuidv7 } from '../db/uuid.ts'
import {
  type Decision,
  needsOf,
  type Policy,
  type TagLimitFact,
  type TaskRunView,
} from '../domain/orchestration/decide.ts'
import type { StateType } from '../domain/state.ts'
import { plainArray } from './array-literal.ts'
import { compareKeys } from './key-order.ts'
import { type LockedLimit, lockLimits } from './limit-books.ts'
import type { Signal } from './signals.ts'
import type { OpenWait, Standing, WantedSlots } from './slot-orders.ts'
import { freedSignals, freeSignals, movedSignals } from './slot-signals.ts'
import { placeOf, SlotWaiters, standingOf } from './slot-waiters.ts'
import {
  deleteLeasesOfHolders,
  deleteWaiters,
  type EndedLease,
  insertLeases,
  type LeaseRow,
  saveWaiters,
} from './slot-writes.ts'
import type { StoredTaskRun } from './stored.ts'

/** A task run, what is proposed for it, and by which rules that is judged. */
export interface AskedTask {
  readonly run: StoredTaskRun
  readonly policy: Policy<TaskRunView>
  readonly to: StateType
  /** It waits for its slots, as its request is open. */
  readonly wait: OpenWait | undefined
}

/** Where a task run stands that is told to wait, and for what. */
export interface TagWait {
  readonly names: readonly string[]
  readonly standing: Standing
}

interface Held {
  readonly workspaceId: string
  readonly holderId: string
  readonly limitId: string
}

/** Limits on tags are named so; the rest of the name is the tag. */
export const TAG_PREFIX = 'tag:'

const noneKept: Map<LockedLimit, number> = new Map()

/** The slots of tags that a batch of task runs takes and gives back. Tasks without tags cost nothing. */
export class TaskRunLedger {
  readonly #nowMicros: number
  readonly #limits: ReadonlyMap<string, LockedLimit>
  readonly #held: ReadonlyMap<string, ReadonlySet<string>>
  readonly #taken: LeaseRow[] = []
  readonly #ended: { readonly workspaceId: string; readonly holderId: string; readonly limitId: null }[] = []
  readonly #waits: ReadonlyMap<string, OpenWait>
  readonly #waiters: SlotWaiters
  readonly #signals: Signal[] = []

  private constructor(
    nowMicros: number,
    limits: ReadonlyMap<string, LockedLimit>,
    held: ReadonlyMap<string, ReadonlySet<string>>,
    waits: ReadonlyMap<string, OpenWait>,
  ) {
    this.#nowMicros = nowMicros
    this.#limits = limits
    this.#waits = waits
    this.#waiters = new SlotWaiters(nowMicros)
    for (const { lapsed } of limits.values()) this.#signals.push(...freedSignals(lapsed, nowMicros))
    this.#held = held
  }

  static async open(
    sql: Transaction,
    asked: readonly AskedTask[],
    nowMicros: number,
  ): Promise<TaskRunLedger> {
    const tagged = asked.filter(
      ({ run, policy, to }) =>
        run.tags.length > 0 && needsOf(policy, run.stateType ?? 'none', to).has('tagLimits'),
    )
    const names = new Map<string, { workspaceId: string; name: string }>()
    const starting: string[] = []
    const waits = new Map<string, OpenWait>()
    for (const { run, to, wait } of tagged) {
      // Who only gives back looks at no limit.
      if (to !== 'RUNNING') continue
      starting.push(run.id)
      if (wait) {
        starting.push(wait.id)
        waits.set(`${run.workspaceId} ${run.id}`, wait)
      }
      for (const tag of run.tags) {
        const name = TAG_PREFIX + tag
        names.set(`${run.workspaceId} ${name}`, { workspaceId: run.workspaceId, name })
      }
    }
    const locked =
      names.size === 0
        ? []
        : [...(await lockLimits(sql, { names: [...names.values()] }, starting, nowMicros)).values()]
    const limits = new Map(locked.map((limit) => [`${limit.row.workspaceId} ${limit.row.name}`, limit]))
    const held =
      tagged.length === 0
        ? new Map()
        : await readHeld(
            sql,
            tagged.map(({ run }) => run),
          )
    return new TaskRunLedger(nowMicros, limits, held, waits)
  }

  tagLimitsOf(run: StoredTaskRun): readonly TagLimitFact[] {
    const held = this.#held.get(`${run.workspaceId} ${run.id}`)
    const limits = this.#limitsOf(run)
    const place = placeOf(this.#wantedBy(run), limits)
    const met = limits
      .filter(({ row }) => row.active)
      .map(({ row: { id, name, slotLimit, averageOccupancySeconds }, book, line }) => ({
        limitId: id,
        tag: name.slice(TAG_PREFIX.length),
        limit: slotLimit,
        // What is kept for those before it in line is not for it.
        active: book.taken(this.#nowMicros) + line.slotsBefore(place),
        heldByThisRun: held?.has(id) ?? false,
        averageOccupancySeconds,
      }))
    if (met.length > 0 || held === undefined) return met
    return [...held].map((limitId) => ({
      limitId,
      tag: '',
      limit: 0,
      active: 0,
      heldByThisRun: true,
      averageOccupancySeconds: 0,
    }))
  }

  /** The limits that its tags meet. */
  #limitsOf({ workspaceId, tags }: StoredTaskRun): LockedLimit[] {
    return this.#limits.size === 0
      ? []
      : tags.flatMap((tag) => this.#limits.get(`${workspaceId} ${TAG_PREFIX}${tag}`) ?? [])
  }

  #wantedBy({ workspaceId, id }: StoredTaskRun): WantedSlots {
    return {
      workspaceId,
      slots: 1,
      holder: { type: 'task_run', id },
      wait: this.#waits.get(`${workspaceId} ${id}`),
    }
  }

  /** What was kept for somebody who leaves without it may be had by those behind. */
  #free(kept: ReadonlyMap<LockedLimit, number>): void {
    for (const [{ row }, slots] of kept)
      this.#signals.push(...freeSignals({ workspaceId: row.workspaceId, limitId: row.id }, slots))
  }

  /** Keeps the book on a decision that writes. */
  apply(run: StoredTaskRun, { effects }: Decision): void {
    const { workspaceId, id: holderId } = run
    const limits = this.#limitsOf(run)
    const kept = limits.length === 0 ? noneKept : new Map(this.#waiters.leave(this.#wantedBy(run), limits))
    for (const effect of effects) {
      if (effect.type === 'acquire-tag-slots') {
        const id = uuidv7()
        for (const limit of limits) {
          const { row, book } = limit
          if (!effect.limitIds.includes(row.id)) continue
          kept.delete(limit)
          this.#taken.push({
            workspaceId,
            limitId: row.id,
            id,
            slots: 1,
            holderType: 'task_run',
            holderId,
            heldMicros: this.#nowMicros,
            drainsFromMicros: book.take(1, this.#nowMicros),
            // These clients cannot renew: the slot is held until the task run leaves Running.
            expiresMicros: null,
          })
        }
      } else if (effect.type === 'release-tag-slots') {
        this.#ended.push({ workspaceId, holderId, limitId: null })
      }
    }
    this.#free(kept)
  }

  /** Keeps who is told to wait in the line of each limit that has no slot for it, and lets whoever is told otherwise leave. */
  refuse(
    run: StoredTaskRun,
    facts: readonly TagLimitFact[],
    { verdict, delaySeconds }: Decision,
  ): TagWait | undefined {
    const limits = this.#limitsOf(run)
    if (limits.length === 0) return undefined
    const wanted = this.#wantedBy(run)
    const refusing = facts.filter(({ limit, active, heldByThisRun }) => !heldByThisRun && active >= limit)
    const full = limits.filter(({ row }) => refusing.some(({ limitId }) => limitId === row.id))
    if (verdict !== 'WAIT' || full.length === 0) {
      this.#free(this.#waiters.leave(wanted, limits))
      return undefined
    }
    const place = placeOf(wanted, limits)
    const standing = standingOf(1, place, full, this.#nowMicros)
    const { sinceMicros } = standing
    if (wanted.wait?.stays) this.#waiters.stay(wanted, wanted.wait, sinceMicros, { limits, full })
    else this.#free(this.#waiters.goAway(wanted, sinceMicros, { limits, full }, delaySeconds))
    return { names: limits.map(({ row }) => row.name), standing }
  }

  statements(sql: Transaction): Statement[] {
    const over = (leases: readonly EndedLease[]): void => {
      this.#signals.push(...freedSignals(leases, this.#nowMicros))
    }
    const { joined, left } = this.#waiters
    return [
      this.#ended.length > 0 ? () => deleteLeasesOfHolders(sql, this.#ended).then(over) : null,
      this.#taken.length > 0 ? insertLeases(sql, this.#taken) : null,
      left.length > 0 ? deleteWaiters(sql, left) : null,
      joined.length > 0 ? saveWaiters(sql, joined) : null,
    ]
  }

  get signals(): readonly Signal[] {
    return [...this.#signals, ...movedSignals(this.#taken, this.#waiters.joined, this.#waiters.left)]
  }
}

/** The limits of which these runs hold slots. */
async function readHeld(
  sql: Transaction,
  runs: readonly StoredTaskRun[],
): Promise<Map<string, ReadonlySet<string>>> {
  const sorted = [...runs].sort((a, b) => compareKeys(a.workspaceId, a.id, b.workspaceId, b.id))
  const rows = await sql<Held[]>`
    select s.workspace_id, s.holder_id, s.limit_id
    from unnest(${plainArray(sorted.map((run) => run.workspaceId))}::uuid[], ${plainArray(sorted.map((run) => run.id))}::uuid[]) k (workspace_id, id)
    join slot_leases s on s.workspace_id = k.workspace_id and s.holder_id = k.id and s.holder_type = 'task_run'`
  const held = new Map<string, Set<string>>()
  for (const row of rows) {
    const key = `${row.workspaceId} ${row.holderId}`
    const set = held.get(key) ?? new Set()
    held.set(key, set)
    set.add(row.limitId)
  }
  return held
}
