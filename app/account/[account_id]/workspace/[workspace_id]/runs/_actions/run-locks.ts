import type { Entered } from '#app/_server/enter.ts'
import { type Locks, locksOf } from '#app/_server/why-not.ts'

/** `run`: change states. `copy`: make a new run of the same deployment. */
export type RunLocks = Locks<'run' | 'copy' | 'manage'>

/** Why the reader may not do something with runs, in words; null: they may. */
export const runLocksOf = (entered: Pick<Entered, 'ctx' | 'place'>): RunLocks =>
  locksOf(entered, { run: 'run_flows', copy: 'run_deployments', manage: 'manage_flows' })
