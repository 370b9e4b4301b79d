import type { StateType } from '../state.ts'
import type { Effect, EmpiricalPolicy, Facts, FlowRunView } from './decide.ts'

/**
 * Who may move a run, and whose slot it takes.
 *
 * A claim gives a token, and whoever holds an older one is refused from then on. It ends when the run is given back to be
 * claimed anew; a retry that waits in its own process, a pause and an end keep it, for what its holder has yet to say.
 */
export interface ClaimBooks {
  readonly token: string | null
  /** The token, if this transition gave it: the new state names it, so that the claimer learns it. */
  readonly given: string | null
  readonly effects: readonly Effect[]
}

const noEffects: readonly Effect[] = Object.freeze([])

export const noClaim: ClaimBooks = Object.freeze({ token: null, given: null, effects: noEffects })

/** States in which somebody executes the run, or is about to. */
export const isHeld = (type: StateType): boolean =>
  type === 'PENDING' || type === 'RUNNING' || type === 'CANCELLING'

export function bookClaim(
  run: FlowRunView,
  to: StateType,
  policy: EmpiricalPolicy,
  { freshClaimToken, claim }: Facts,
): ClaimBooks {
  const wasHeld = run.state !== null && isHeld(run.state.type)
  const opens = !wasHeld && isHeld(to)
  // A run that begins without having been claimed gets a token too, when it takes a slot: claims are found by theirs.
  const given = opens && (to === 'PENDING' || (run.claimToken === null && run.workQueueId !== null))
  const token = given
    ? (freshClaimToken ?? run.claimToken)
    : to === 'SCHEDULED' && policy.retry_type !== 'in_process'
      ? null
      : run.claimToken
  return {
    token,
    given: given && freshClaimToken !== null ? token : null,
    effects:
      opens && run.workQueueId !== null && token !== null
        ? [{ type: 'open-claim', token }]
        : // Whoever sends beats has a claim, in a queue or not.
          wasHeld && !isHeld(to) && (run.workQueueId !== null || claim !== null)
          ? [{ type: 'close-claim' }]
          : noEffects,
  }
}
