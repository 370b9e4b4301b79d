import { Problem } from '../domain/problem.ts'
import type { HolderType } from './slot-writes.ts'

export interface SlotHolder {
  readonly type: Extract<HolderType, 'flow_run' | 'task_run' | 'deployment'>
  readonly id: string
}

/** An order that waits, as its request is open. */
export interface OpenWait {
  readonly id: string
  /** When it was first asked for. */
  readonly sinceMicros: number
  /** It goes on waiting when it is refused; otherwise this is its last try. */
  readonly stays: boolean
}

/** Whoever wants slots, as it stands in line for them. */
export interface WantedSlots {
  readonly workspaceId: string
  readonly slots: number
  readonly holder: SlotHolder | null
  readonly wait?: OpenWait | undefined
}

/** Slots of one or more limits, all at once or none. Names of no limit are passed over. */
export interface TakeSlots extends WantedSlots {
  readonly type: 'take'
  readonly names: readonly string[]
  readonly mode: 'concurrency' | 'rate_limit'
  /** null: the client cannot renew; the slots are held until given back. */
  readonly leaseSeconds: number | null
  /** A holder that has its slot of a limit takes no second one. */
  readonly once?: true
  /** It was refused before, and waits: it is not counted as refused again. */
  readonly again?: true
  /** Aborts when whoever asked is gone: it gets none then, and what it was given without hearing of it comes back. */
  readonly signal?: AbortSignal
}

/** Slots that were taken without a lease come back. */
export interface GiveSlots {
  readonly type: 'give'
  readonly workspaceId: string
  readonly names: readonly string[]
  readonly slots: number
  readonly occupancySeconds: number | null
}

/** What this holder has of these limits comes back. */
export interface GiveHeldSlots {
  readonly type: 'give-held'
  readonly workspaceId: string
  readonly names: readonly string[]
  readonly holderId: string
  readonly occupancySeconds: number | null
}

export interface EndLease {
  readonly type: 'end'
  readonly workspaceId: string
  readonly leaseId: string
}

export interface RenewLease {
  readonly type: 'renew'
  readonly workspaceId: string
  readonly leaseId: string
  readonly seconds: number
}

export type SlotOrder = TakeSlots | GiveSlots | GiveHeldSlots | EndLease | RenewLease

export interface NamedLimit {
  readonly id: string
  readonly name: string
  readonly limit: number
}

/** Where somebody stands who was refused. */
export interface Standing {
  /** The limits that are full. */
  readonly limitIds: readonly string[]
  /** It may be served as soon as slots come back; others have to be served before who is further behind. */
  readonly isNear: boolean
  /** When there is room by itself, since slots come back at a rate; infinity: when somebody gives some back. */
  readonly roomInSeconds: number
  /** Its place in the line: when it was first refused, as far as is known. */
  readonly sinceMicros: number
  /** Others came later, but keep their requests open, and would be quicker again before it asks the next time. */
  readonly isPassedOver: boolean
}

export type SlotAnswer =
  | { readonly type: 'granted'; readonly leaseId: string; readonly limits: readonly NamedLimit[] }
  | {
      readonly type: 'denied'
      readonly reason: string
      /** null: waiting would be in vain. */
      readonly retryAfterSeconds: number | null
      readonly standing: Standing | null
    }
  /** Whoever asked is gone. */
  | { readonly type: 'withdrawn' }
  | { readonly type: 'given'; readonly limits: readonly NamedLimit[] }
  /** Of a renewal: false when the lease is over. */
  | { readonly type: 'renewed'; readonly alive: boolean }

/** What a denial is to a caller that does not wait for slots itself. */
export const locked = ({
  reason,
  retryAfterSeconds: seconds,
}: Extract<SlotAnswer, { type: 'denied' }>): Problem =>
  new Problem('locked', reason, seconds === null ? {} : { retryAfter: seconds.toFixed(3) })
