import { bookkeep, unchanged } from './bookkeeping.ts'
import { speaksTo, transitionOf } from './compile-policy.ts'
import type {
  Decision,
  Effect,
  EmpiricalPolicy,
  Facts,
  Judgement,
  Policy,
  ProposedState,
  Rule,
  RunView,
  TraceEntry,
  Verdict,
} from './decide.ts'

const noEffects: readonly Effect[] = Object.freeze([])
const noTrace: readonly TraceEntry[] = Object.freeze([])

/** The proposal as it stands between two rules. Doubles as the view that rules get, so that silence allocates nothing. */
export interface Standing<Run extends RunView> {
  readonly run: Run
  readonly facts: Facts
  proposed: ProposedState
  policy: EmpiricalPolicy
  runCount: number
  flowRunRunCount: number
  /** Of rules that lose their say when the type changes, and of universal ones, which never do. */
  effects: readonly Effect[]
  universalEffects: readonly Effect[]
}

/**
 * Folds the policy over a proposed state.
 *
 * Candidates are chosen once, by the types as received. When one of them puts a state of another type in its place, the
 * rest no longer speak and what earlier ones changed besides the state is forgotten; universal rules go on.
 */
export const decide = <Run extends RunView>(
  policy: Policy<Run>,
  run: Run,
  received: ProposedState,
  facts: Facts,
): Decision => {
  const { rules } = transitionOf(policy, run.state === null ? 'none' : run.state.type, received.type)
  const standing: Standing<Run> = {
    run,
    facts,
    proposed: received,
    policy: run.policy,
    runCount: run.runCount,
    flowRunRunCount: run.kind === 'task-run' ? run.flowRunRunCount : 0,
    effects: noEffects,
    universalEffects: noEffects,
  }
  let verdict: Verdict = 'ACCEPT'
  let reason = ''
  let trace: TraceEntry[] | undefined

  for (const rule of rules) {
    const { type } = standing.proposed
    if (rule.universal === true ? !speaksTo(rule, type) : type !== received.type) continue
    const judgement = rule.judge(standing)
    if (judgement === undefined) continue
    trace ??= []
    trace.push(traceOf(rule, judgement))
    switch (judgement.say) {
      case 'abort':
        return nothingWritten(run, 'ABORT', judgement.reason, 0, trace)
      case 'wait':
        return nothingWritten(run, 'WAIT', judgement.reason, judgement.delaySeconds, trace)
      case 'reject':
        if (judgement.state === undefined) return nothingWritten(run, 'REJECT', judgement.reason, 0, trace)
        verdict = 'REJECT'
        reason = judgement.reason
        take(standing, rule, judgement)
        break
      case 'rewrite':
        take(standing, rule, judgement)
        break
      default:
        judgement satisfies never
    }
  }
  const { write, patch, effects } = bookkeep(standing)
  return { verdict, reason, delaySeconds: 0, write, patch, effects, trace: trace ?? noTrace }
}

type Taken = Extract<Judgement, { say: 'reject' | 'rewrite' }>

const take = <Run extends RunView>(standing: Standing<Run>, rule: Rule<Run>, said: Taken): void => {
  if (said.state !== undefined) {
    if (said.state.type !== standing.proposed.type) forgetChanges(standing)
    standing.proposed = said.say === 'reject' ? withTransitionId(said.state, standing.proposed) : said.state
  }
  if (said.policy !== undefined) standing.policy = said.policy
  if (said.runCount !== undefined) standing.runCount = said.runCount
  if (said.flowRunRunCount !== undefined) standing.flowRunRunCount = said.flowRunRunCount
  if (said.effects === undefined) return
  if (rule.universal === true) standing.universalEffects = [...standing.universalEffects, ...said.effects]
  else standing.effects = [...standing.effects, ...said.effects]
}

const forgetChanges = <Run extends RunView>(standing: Standing<Run>): void => {
  const { run } = standing
  standing.policy = run.policy
  standing.runCount = run.runCount
  standing.flowRunRunCount = run.kind === 'task-run' ? run.flowRunRunCount : 0
  standing.effects = noEffects
}

/**
 * A state that takes the proposed one's place answers the same request. Without its transition id a client that lost our
 * answer and asks again would be judged from the new state: FAILED → AwaitingRetry, then, replayed, plainly FAILED.
 */
const withTransitionId = (state: ProposedState, proposed: ProposedState): ProposedState => {
  const id = proposed.details.transition_id
  if (id === undefined || id === null || state.details.transition_id === id) return state
  return { ...state, details: { ...state.details, transition_id: id } }
}

const nothingWritten = (
  run: RunView,
  verdict: Verdict,
  reason: string,
  delaySeconds: number,
  trace: readonly TraceEntry[],
): Decision => ({
  verdict,
  reason,
  delaySeconds,
  write: null,
  patch: unchanged(run),
  effects: noEffects,
  trace,
})

const traceOf = (rule: { readonly name: string }, said: NonNullable<Judgement>): TraceEntry => ({
  rule: rule.name,
  said:
    said.say === 'reject' && said.state !== undefined
      ? 'reject-with-state'
      : said.say === 'rewrite' && onlyAddsEffects(said)
        ? 'note'
        : said.say,
  reason: said.reason,
})

const onlyAddsEffects = (said: Taken): boolean =>
  said.state === undefined &&
  said.policy === undefined &&
  said.runCount === undefined &&
  said.flowRunRunCount === undefined
