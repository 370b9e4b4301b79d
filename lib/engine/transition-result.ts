import type { Decision, StoredState } from '../domain/orchestration/decide.ts'
import type { TransitionResult } from './engine.ts'

/** What whoever proposed a state is answered. `state`: the run's now, which is another where the decision wrote one. */
export const resultOf = (
  { verdict, reason, delaySeconds, write }: Decision,
  state: StoredState | null,
): TransitionResult => ({ verdict, reason, delaySeconds, state, written: write !== null })
