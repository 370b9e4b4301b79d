import type { StateType } from '../domain/state.ts'
import { formatInstant } from '../domain/time.ts'

/** Stands for "no deployment" (or no flow) in a key column, which cannot be null. */
export const NIL_UUID = '00000000-0000-0000-0000-000000000000'

/** One run as the rollup counts it: in which state, and with which times. */
export interface Counted {
  readonly kind: 'flow-run' | 'task-run'
  readonly workspaceId: string
  readonly flowId: string | null
  readonly deploymentId: string | null
  readonly stateType: StateType
  readonly stateName: string
  readonly expectedStartMicros: number
  readonly startMicros: number | null
  readonly totalRunTimeSeconds: number
}

export interface Delta {
  workspace_id: string
  kind: string
  bucket_at: string
  flow_id: string
  deployment_id: string
  state_type: StateType
  state_name: string
  runs: number
  run_seconds: number
  late_seconds: number
}

const MINUTE = 60_000_000
const lateSeconds = (run: Counted): number =>
  run.startMicros === null ? 0 : Math.max(0, run.startMicros - run.expectedStartMicros) / 1e6

/** Sums what a batch of transitions changes in the counts, a row a key. */
export class RollupDeltas {
  readonly #rows = new Map<string, Delta>()

  /** A run leaves `from` (null: it is new) and is now counted as `to` (null: it is gone). */
  move(from: Counted | null, to: Counted | null): void {
    if (from) this.#add(from, -1)
    if (to) this.#add(to, 1)
  }

  #add(run: Counted, sign: 1 | -1): void {
    const bucket = Math.floor(run.expectedStartMicros / MINUTE) * MINUTE
    const key = `${run.workspaceId} ${run.kind} ${bucket} ${run.flowId} ${run.deploymentId} ${run.stateType} ${run.stateName}`
    const row = this.#rows.get(key)
    if (row) {
      row.runs += sign
      row.run_seconds += sign * run.totalRunTimeSeconds
      row.late_seconds += sign * lateSeconds(run)
      return
    }
    this.#rows.set(key, {
      workspace_id: run.workspaceId,
      kind: run.kind,
      bucket_at: formatInstant(bucket),
      flow_id: run.flowId ?? NIL_UUID,
      deployment_id: run.deploymentId ?? NIL_UUID,
      state_type: run.stateType,
      state_name: run.stateName,
      runs: sign,
      run_seconds: sign * run.totalRunTimeSeconds,
      late_seconds: sign * lateSeconds(run),
    })
  }

  rows(): Delta[] {
    return [...this.#rows.values()].filter(
      (row) => row.runs !== 0 || row.run_seconds !== 0 || row.late_seconds !== 0,
    )
  }
}
