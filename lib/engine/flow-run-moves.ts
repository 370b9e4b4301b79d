import { randomUUID } from 'node:crypto'
import { uuidv7 } from '../db/uuid.ts'
import type { Change } from '../domain/change.ts'
import { decide, type Facts } from '../domain/orchestration/decide.ts'
import { flowPolicies } from '../domain/orchestration/policies.ts'
import { NotFound } from '../domain/problem.ts'
import { formatInstant } from '../domain/time.ts'
import type { StateProposal, TransitionResult } from './engine.ts'
import { flowRunChange } from './flow-run-change.ts'
import { type FlowRunEvent, flowRunEvent } from './flow-run-event.ts'
import type { FlowRunLedger } from './flow-run-ledger.ts'
import type { FollowUp } from './follow-ups.ts'
import type { Mirror } from './mirror.ts'
import type { Reset } from './reset-failed-tasks.ts'
import { RollupDeltas } from './rollup.ts'
import {
  countedAfter,
  countedBefore,
  flowRunView,
  type StoredFlowRun,
  startsLate,
  stateColumns,
  storedState,
  withId,
} from './stored.ts'
import { resultOf } from './transition-result.ts'
import { type FlowRunUpdate, happenedColumns, type LateStart } from './write-set.ts'

/** What the rules make of a batch of proposals: an answer to each, and all that is to be written and told for it. */
export interface FlowRunMoves {
  readonly answers: readonly (TransitionResult | Error)[]
  readonly updates: readonly FlowRunUpdate[]
  readonly events: readonly FlowRunEvent[]
  readonly deltas: RollupDeltas
  readonly lateStarts: readonly LateStart[]
  readonly followUps: readonly FollowUp[]
  readonly mirrors: readonly Mirror[]
  readonly resets: readonly Reset[]
  readonly published: readonly [string, Change][]
  readonly ledger: FlowRunLedger
  /** Some states bring their own ids, under which they may be there already. */
  readonly isReplay: boolean
}

/** Decides in memory. `runs`, by workspace and id, are as they stand under their locks; `ledger` is kept as it goes on. */
export function judgeFlowRuns(
  { nowMicros, dice }: { readonly nowMicros: () => number; readonly dice: () => number },
  proposals: readonly StateProposal[],
  runs: ReadonlyMap<string, StoredFlowRun>,
  ledger: FlowRunLedger,
): FlowRunMoves {
  const published: [string, Change][] = []
  const events: FlowRunEvent[] = []
  const updates: FlowRunUpdate[] = []
  const mirrors: Mirror[] = []
  const deltas = new RollupDeltas()
  const lateStarts: LateStart[] = []
  const followUps: FollowUp[] = []
  const resets: Reset[] = []

  const answers = proposals.map((proposal): TransitionResult | Error => {
    const run = runs.get(`${proposal.workspaceId} ${proposal.runId}`)
    if (!run) return new NotFound(`Flow run with id ${proposal.runId}`)
    const current = storedState(run)
    const { reported } = proposal
    // After a break an agent sends again what was not acknowledged, though it may have been committed.
    if (reported && current && (current.id === reported.stateId || current.atMicros >= reported.atMicros)) {
      return { verdict: 'ACCEPT', reason: '', delaySeconds: 0, state: current, written: false }
    }
    const { deploymentLimit, workSlots, claim } = ledger.factsOf({ proposal, run })
    const facts: Facts = {
      nowMicros: reported?.atMicros ?? nowMicros(),
      client: proposal.client,
      dice: dice(),
      flowRun: null,
      cached: null,
      tagLimits: [],
      deploymentLimit,
      workSlots,
      claim,
      freshClaimToken: randomUUID(),
    }
    const decision = decide(flowPolicies[proposal.policy], flowRunView(run), proposal.state, facts)
    const { write, patch } = decision
    if (!write) return resultOf(decision, current)
    const stateId = reported?.stateId ?? uuidv7()
    const state = withId(stateId, write)
    if (startsLate(run.startAt, patch)) {
      lateStarts.push({
        workspaceId: run.workspaceId,
        flowId: run.flowId,
        startAt: formatInstant(patch.startMicros ?? write.atMicros),
        runId: run.id,
      })
    }
    const key = {
      kind: 'flow-run',
      workspaceId: run.workspaceId,
      flowId: run.flowId,
      deploymentId: run.deploymentId,
    } as const
    deltas.move(countedBefore(key, run), countedAfter(key, write, patch))
    ledger.apply({ proposal, run }, decision)
    let event: FlowRunEvent | null = null
    for (const effect of decision.effects) {
      if (effect.type === 'emit-event') {
        event = flowRunEvent(run, patch.runCount, current, state)
        events.push(event)
      } else if (effect.type === 'mirror-to-parent-task') {
        mirrors.push({
          workspaceId: run.workspaceId,
          taskRunId: effect.taskRunId,
          childFlowRunId: run.id,
          state: write,
        })
      } else if (effect.type === 'reset-failed-tasks') {
        const { workspaceId, id: flowRunId } = run
        resets.push({
          workspaceId,
          flowRunId,
          scheduledMicros: effect.scheduledMicros,
          atMicros: write.atMicros,
        })
      } else if (effect.type === 'follow-up') {
        followUps.push({ workspaceId: run.workspaceId, runId: run.id, ...effect })
      }
    }
    const columns = stateColumns(stateId, write, patch)
    updates.push({
      before: run,
      run: {
        workspace_id: run.workspaceId,
        id: run.id,
        claim_token: patch.claimToken,
        empirical_policy: patch.policy === run.empiricalPolicy ? null : patch.policy,
      },
      state: columns,
      happened: happenedColumns(event),
    })
    published.push([run.workspaceId, flowRunChange(run, columns)])
    return resultOf(decision, state)
  })

  const isReplay = proposals.some((proposal) => proposal.reported !== undefined)
  return {
    answers,
    updates,
    events,
    deltas,
    lateStarts,
    followUps,
    mirrors,
    resets,
    published,
    ledger,
    isReplay,
  }
}
