import type { Transaction } from '../db/clients.ts'
import type { Statement } from '../db/transaction.ts'
import { uuidv7 } from '../db/uuid.ts'
import { lastPlace } from '../domain/limits/line.ts'
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
import { endedSignals, movedSignals } from './slot-signals.ts'
import {
  deleteLeasesOfHolders,
  deleteWaiters,
  type EndedLease,
  insertLeases,
  type LeaseRow,
  saveWaiters,
  type WaiterKey,
  type WaiterRow,
  waiterAway,
} from './slot-writes.ts'
import type { StoredTaskRun } from './stored.ts'

/** A task run, what is proposed for it, and by which rules that is judged. */
export interface AskedTask {
  readonly run: StoredTaskRun
  readonly policy: Policy<TaskRunView>
  readonly to: StateType
}

interface Held {
  readonly workspaceId: string
  readonly holderId: string
  readonly limitId: string
}

/** Limits on tags are named so; the rest of the name is the tag. */
export const TAG_PREFIX = 'tag:'

/** The slots of tags that a batch of task runs takes and gives back. Tasks without tags cost nothing. */
export class TaskRunLedger {
  readonly #nowMicros: number
  readonly #limits: ReadonlyMap<string, LockedLimit>
  readonly #held: ReadonlyMap<string, ReadonlySet<string>>
  readonly #taken: LeaseRow[] = []
  readonly #ended: { readonly workspaceId: string; readonly holderId: string; readonly limitId: null }[] = []
  readonly #joined: WaiterRow[] = []
  readonly #left: WaiterKey[] = []
  readonly #signals: Signal[] = []

  private constructor(
    nowMicros: number,
    limits: ReadonlyMap<string, LockedLimit>,
    held: ReadonlyMap<string, ReadonlySet<string>>,
  ) {
    this.#nowMicros = nowMicros
    this.#limits = limits
    for (const { lapsed } of limits.values()) this.#signals.push(...endedSignals(lapsed, nowMicros))
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
    for (const { run, to } of tagged) {
      // Who only gives back looks at no limit.
      if (to !== 'RUNNING') continue
      starting.push(run.id)
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
    return new TaskRunLedger(nowMicros, limits, held)
  }

  tagLimitsOf(run: StoredTaskRun): readonly TagLimitFact[] {
    const held = this.#held.get(`${run.workspaceId} ${run.id}`)
    const met = run.tags.flatMap((tag): TagLimitFact[] => {
      const limit = this.#limits.get(`${run.workspaceId} ${TAG_PREFIX}${tag}`)
      if (!limit?.row.active) return []
      const { id, slotLimit, averageOccupancySeconds } = limit.row
      return [
        {
          limitId: id,
          tag,
          limit: slotLimit,
          // What is kept for those whose requests are open is nobody else's.
          active: limit.book.taken(this.#nowMicros) + limit.line.slotsBefore(lastPlace),
          heldByThisRun: held?.has(id) ?? false,
          averageOccupancySeconds,
        },
      ]
    })
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

  /** Keeps the book on a decision that writes. */
  apply(run: StoredTaskRun, { effects }: Decision): void {
    const { workspaceId, id: holderId } = run
    for (const effect of effects) {
      if (effect.type === 'acquire-tag-slots') {
        const id = uuidv7()
        for (const { row, book, line } of this.#limits.values()) {
          if (row.workspaceId !== workspaceId || !effect.limitIds.includes(row.id)) continue
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
          if (line.leave(holderId)) this.#left.push({ workspaceId, limitId: row.id, id: holderId })
        }
      } else if (effect.type === 'release-tag-slots') {
        this.#ended.push({ workspaceId, holderId, limitId: null })
        for (const limitId of this.#held.get(`${workspaceId} ${holderId}`) ?? [])
          this.#signals.push({ type: 'slots-free', workspaceId, limitId, slots: 1, next: null })
      }
    }
  }

  /** Keeps who is told to wait in the line of each limit that has no slot for it. */
  wait(run: StoredTaskRun, facts: readonly TagLimitFact[], { verdict, delaySeconds }: Decision): void {
    if (verdict !== 'WAIT') return
    for (const { limitId, tag, limit, active, heldByThisRun } of facts) {
      const line = this.#limits.get(`${run.workspaceId} ${TAG_PREFIX}${tag}`)?.line
      if (line === undefined || heldByThisRun || active < limit) continue
      this.#joined.push(
        waiterAway(
          { workspaceId: run.workspaceId, limitId, id: run.id },
          { slots: 1, holderType: 'task_run' },
          line.get(run.id)?.sinceMicros ?? this.#nowMicros,
          this.#nowMicros + delaySeconds * 1e6,
        ),
      )
    }
  }

  statements(sql: Transaction): Statement[] {
    const over = (leases: readonly EndedLease[]): void => {
      this.#signals.push(...endedSignals(leases, this.#nowMicros))
    }
    return [
      this.#ended.length > 0 ? () => deleteLeasesOfHolders(sql, this.#ended).then(over) : null,
      this.#taken.length > 0 ? insertLeases(sql, this.#taken) : null,
      this.#left.length > 0 ? deleteWaiters(sql, this.#left) : null,
      this.#joined.length > 0 ? saveWaiters(sql, this.#joined) : null,
    ]
  }

  get signals(): readonly Signal[] {
    return [...this.#signals, ...movedSignals(this.#taken, this.#joined, this.#left)]
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
