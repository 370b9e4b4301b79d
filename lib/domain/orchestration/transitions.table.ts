import type { StateType } from '../state.ts'
import type {
  EmpiricalPolicy,
  Facts,
  FlowRunView,
  FromType,
  StoredState,
  TaskRunView,
  Verdict,
} from './decide.ts'
import {
  claim,
  deploymentLimit,
  due,
  facts,
  flowRunFact,
  json,
  now,
  propose,
  result,
  tagLimit,
} from './fixtures.ts'
import {
  backgroundTaskPolicy,
  clientSideTaskPolicy,
  coreFlowPolicy,
  coreTaskPolicy,
  flowPolicies,
  markLateRunsPolicy,
  minimalFlowPolicy,
  minimalTaskPolicy,
  reportedFlowPolicy,
  taskPolicies,
} from './policies.ts'

/**
 * What becomes of every proposal, from every state to every state, stated by hand.
 *
 * A table has one row a state that the run is in and one column a state that is proposed. Each cell is a word of the
 * vocabulary below. `transitions.test.ts` walks all of them.
 */

/** What a word of the tables means. */
export interface Outcome {
  readonly verdict: Verdict
  /** Empty when accepted. */
  readonly reason?: string
  /** The state that is written, where it is not the proposed one. */
  readonly written?: { readonly type: StateType; readonly name: string; readonly message?: string }
  /** The name that is written, where the type is the proposed one. */
  readonly name?: string
  /** When the written state is due; where it matters. */
  readonly scheduledTime?: string
  readonly delaySeconds?: number
  /** What changes in the run's policy; nothing where absent. */
  readonly policy?: EmpiricalPolicy
  /** The run count afterwards; as the books say where absent. */
  readonly runCount?: number | 'kept'
  readonly lease?: string
}

export type Word = Outcome | ((from: FromType, to: StateType) => Outcome)

const refuse = (reason: string): Outcome => ({ verdict: 'REJECT', reason })
const abort = (reason: string): Outcome => ({ verdict: 'ABORT', reason })
const forgotten = { resuming: false, pause_keys: [] }
const lostMessage =
  'No sign of life from the worker w1 since 2026-08-21T11:58:20.000000Z; its lease ended at 2026-08-21T11:59:50.000000Z.'
const noSlot = 'Deployment concurrency limit reached.'

export const vocabulary = {
  ok: { verdict: 'ACCEPT' },

  // --- flow runs
  duplicate: refuse('This run has already made this state transition.'),
  over: (from) => abort(`Run is already in terminal state ${from}.`),
  done: refuse('Run is already COMPLETED.'),
  loss: refuse('Run is already COMPLETED, and its result would be lost.'),
  nodeploy: abort('Cannot reschedule a run without an associated deployment.'),
  again: { verdict: 'ACCEPT', policy: { ...forgotten, retry_type: null } },
  resched: { verdict: 'ACCEPT', policy: { ...forgotten, retry_type: 'reschedule' } },
  stopping: refuse('Cannot transition flows that are cancelling to a state other than Cancelled.'),
  atonce: {
    verdict: 'REJECT',
    reason: 'The run has no infrastructure that could be stopped; it was cancelled at once.',
    written: { type: 'CANCELLED', name: 'Cancelled' },
  },
  // Was waiting in its process for the next attempt.
  between: {
    verdict: 'REJECT',
    reason: 'The run has no infrastructure that could be stopped; it was cancelled at once.',
    written: { type: 'CANCELLED', name: 'Cancelled' },
    policy: { retry_type: null },
  },
  claimed: (from) => abort(`This run is in a ${from} state and cannot transition to a PENDING state.`),
  unpaused: abort('Cannot resume a flow run that is not paused.'),
  stateless: abort('Cannot pause flows with no state.'),
  idle: refuse('Cannot pause flows that are not currently running.'),
  pauses: { verdict: 'ACCEPT', policy: { pause_keys: ['k'] } },
  fired: refuse('This pause has already fired.'),
  stateless2: abort('Cannot suspend flows with no state.'),
  idle2: refuse('Cannot suspend flows that are not currently running.'),
  fired2: refuse('This suspend has already fired.'),
  subflow: abort('Cannot suspend subflows.'),
  nodeploy2: abort('Cannot suspend flows without a deployment.'),
  cannot: (_, to) => refuse(`This run cannot transition to the ${to} state from the PAUSED state.`),
  // Leaves for the queue as "resuming", so that the next RUNNING is the same attempt.
  resumes: { verdict: 'ACCEPT', policy: { resuming: true } },
  // Is running again, or over: the same attempt, nothing left to remember.
  resumed: { verdict: 'ACCEPT', policy: { resuming: false }, runCount: 'kept' },
  nodeploy3: refuse('Cannot reschedule a paused flow run without a deployment.'),
  expired: {
    verdict: 'REJECT',
    reason: 'The flow run pause has timed out and can no longer resume.',
    written: { type: 'FAILED', name: 'Failed', message: 'The flow was paused and never resumed.' },
  },
  wait: { verdict: 'WAIT', reason: 'Scheduled time is in the future', delaySeconds: 90 },
  keepsdue: { verdict: 'ACCEPT', scheduledTime: '2026-08-21T12:01:30Z' },
  retry: {
    verdict: 'REJECT',
    reason: 'Retrying',
    written: { type: 'SCHEDULED', name: 'AwaitingRetry', message: 'boom' },
    scheduledTime: '2026-08-21T12:00:30.000000Z',
    policy: { ...forgotten, retry_type: 'in_process' },
  },
  exhausted: { verdict: 'ACCEPT', policy: { retry_type: null } },
  queued: {
    verdict: 'REJECT',
    reason: noSlot,
    written: { type: 'SCHEDULED', name: 'AwaitingConcurrencySlot' },
    scheduledTime: '2026-08-21T12:00:30.000000Z',
  },
  dropped: { verdict: 'REJECT', reason: noSlot, written: { type: 'CANCELLED', name: 'Cancelled' } },
  closed: abort('The deployment concurrency limit is 0: no run of it can start.'),
  slot: { verdict: 'ACCEPT', lease: 'fresh-lease' },
  slotagain: { verdict: 'ACCEPT', lease: 'fresh-lease', policy: { ...forgotten, retry_type: null } },
  keepslease: { verdict: 'ACCEPT', lease: 'lease-1' },
  lost: {
    verdict: 'REJECT',
    reason: 'Deployment concurrency slot lost during provisioning, and no other is free.',
    written: { type: 'CANCELLED', name: 'Cancelled' },
  },
  notlate: refuse('Only scheduled flow runs can be marked late.'),
  islate: refuse('This flow run is already marked late.'),

  // --- what services propose
  noslotawaited: refuse('The run does not wait for a slot of its deployment.'),
  unscheduled: refuse('The run is not scheduled any more.'),
  touched: refuse('The run is not as its schedule made it.'),
  notpaused: refuse('The run is not paused.'),
  pauselives: refuse('The pause has not timed out.'),
  notcancelling: refuse('The run is not cancelling.'),
  mayconfirm: refuse('The cancellation may still be confirmed.'),
  nearend: refuse('The run is over, or about to be.'),
  nodeadline: refuse('No deadline of the run has passed.'),
  overdue: {
    verdict: 'ACCEPT',
    written: {
      type: 'CANCELLING',
      name: 'Cancelling',
      message: 'The run had to end by 2026-08-21T12:00:00.000000Z, 10 s after it began.',
    },
  },
  unexecuted: refuse('Nobody executes the run now.'),
  unheld: refuse('Nobody holds a claim of the run.'),
  alive: refuse('The holder is alive.'),
  lostrun: { verdict: 'ACCEPT', written: { type: 'CRASHED', name: 'Crashed', message: lostMessage } },
  lostcancel: {
    verdict: 'REJECT',
    reason: 'It was asked to stop, and whoever ran it is gone.',
    written: { type: 'CANCELLED', name: 'Cancelled', message: lostMessage },
  },
  lostagain: {
    verdict: 'REJECT',
    reason: 'Lost runs of this kind are scheduled again.',
    written: {
      type: 'SCHEDULED',
      name: 'Rescheduled',
      message: `${lostMessage} Scheduled again (1 of 3).`,
    },
    scheduledTime: '2026-08-21T12:00:00.000000Z',
    policy: { ...forgotten, times_lost: 1, retry_type: 'reschedule' },
  },
  isended: refuse('The run has ended already.'),
  cancelledbetween: refuse('The run was cancelled while it waited for its next attempt.'),

  // --- task runs
  isover: (from) => abort(`Run is already ${from}.`),
  finished: refuse('This run is already completed.'),
  reset: { verdict: 'ACCEPT', runCount: 0 },
  rerun: { verdict: 'ACCEPT', runCount: 1 },
  flowretry: { verdict: 'ACCEPT', name: 'Retrying', runCount: 1 },
  renamed: { verdict: 'ACCEPT', name: 'Rerunning' },
  retrying: { verdict: 'ACCEPT', name: 'Retrying' },
  cached: {
    verdict: 'REJECT',
    reason: 'A result is cached under this key.',
    written: { type: 'COMPLETED', name: 'Cached' },
  },
  flowover: abort('The enclosing flow must be running to begin task execution.'),
  notready: {
    verdict: 'REJECT',
    reason: 'The flow is paused; its tasks can run when it is resumed.',
    written: { type: 'PAUSED', name: 'NotReady' },
  },
  full: { verdict: 'WAIT', reason: 'Concurrency limit for the tag "db" has been reached', delaySeconds: 4 },
  deadlock: abort('The concurrency limit on tag "db" is 0: the task would wait for ever (deadlock).'),
  taskretry: {
    verdict: 'REJECT',
    reason: 'Retrying',
    written: { type: 'SCHEDULED', name: 'AwaitingRetry', message: 'boom' },
    scheduledTime: '2026-08-21T12:00:30.000000Z',
  },
  longkey: refuse('The cache key is 2001 characters long; at most 2000 are allowed.'),
} as const satisfies Record<string, Word>

/**
 * The books, whatever policy wrote the state; columns are the state that is written. `fixtures.ts` says what the run had before.
 *
 *   S  start is now           E  end is now            C  one more run
 *   e  end stays as it was    T  ten seconds of run time more
 *   N  next scheduled start is when it is due (it is null without N)
 *   X  expected start is when it is due, or now
 */
export const books = `
                SCHEDULED PENDING RUNNING PAUSED CANCELLING COMPLETED FAILED CRASHED CANCELLED
    none        XN        X       XSC     X      X          XSE       XSE    XSE     XSE
    SCHEDULED   N         -       SC      -      -          SE        SE     SE      SE
    PENDING     N         -       SC      -      -          SE        SE     SE      SE
    RUNNING     TN        T       TC      T      T          TE        TE     TE      TE
    PAUSED      N         -       C       -      -          E         E      E       E
    CANCELLING  N         -       C       -      -          E         E      E       E
    COMPLETED   N         -       C       -      -          e         e      e       e
    FAILED      N         -       C       -      -          e         e      e       e
    CRASHED     N         -       C       -      -          e         e      e       e
    CANCELLED   N         -       C       -      -          e         e      e       e
`

const allOk = `
                SCHEDULED PENDING RUNNING PAUSED CANCELLING COMPLETED FAILED CRASHED CANCELLED
    none        ok        ok      ok      ok     ok         ok        ok     ok      ok
    SCHEDULED   ok        ok      ok      ok     ok         ok        ok     ok      ok
    PENDING     ok        ok      ok      ok     ok         ok        ok     ok      ok
    RUNNING     ok        ok      ok      ok     ok         ok        ok     ok      ok
    PAUSED      ok        ok      ok      ok     ok         ok        ok     ok      ok
    CANCELLING  ok        ok      ok      ok     ok         ok        ok     ok      ok
    COMPLETED   ok        ok      ok      ok     ok         ok        ok     ok      ok
    FAILED      ok        ok      ok      ok     ok         ok        ok     ok      ok
    CRASHED     ok        ok      ok      ok     ok         ok        ok     ok      ok
    CANCELLED   ok        ok      ok      ok     ok         ok        ok     ok      ok
`

const plainFlow = `
                SCHEDULED PENDING RUNNING PAUSED    CANCELLING COMPLETED FAILED   CRASHED  CANCELLED
    none        ok        ok      ok      stateless ok         ok        ok       ok       ok
    SCHEDULED   ok        ok      ok      idle      atonce     ok        ok       ok       ok
    PENDING     ok        claimed ok      idle      ok         ok        ok       ok       ok
    RUNNING     ok        claimed ok      pauses    ok         ok        ok       ok       ok
    PAUSED      resumes   cannot  resumed idle      ok         resumed   resumed  resumed  resumed
    CANCELLING  stopping  stopping stopping stopping stopping  stopping  stopping stopping ok
    COMPLETED   nodeploy  again   again   over      over       ok        ok       over     ok
    FAILED      nodeploy  again   again   over      over       ok        ok       over     ok
    CRASHED     nodeploy  again   again   over      over       ok        ok       over     ok
    CANCELLED   nodeploy  claimed again   over      over       ok        ok       over     ok
`

const plainTask = `
                SCHEDULED PENDING RUNNING PAUSED CANCELLING COMPLETED FAILED CRASHED CANCELLED
    none        ok        ok      ok      ok     ok         ok        ok     ok      ok
    SCHEDULED   ok        ok      ok      ok     ok         ok        ok     ok      ok
    PENDING     ok        ok      ok      ok     ok         ok        ok     ok      ok
    RUNNING     ok        ok      renamed ok     ok         ok        ok     ok      ok
    PAUSED      ok        ok      renamed ok     ok         ok        ok     ok      ok
    CANCELLING  ok        ok      renamed ok     ok         ok        ok     ok      ok
    COMPLETED   reset     reset   rerun   isover isover     ok        ok     isover  ok
    FAILED      reset     reset   rerun   isover isover     ok        ok     isover  ok
    CRASHED     reset     reset   rerun   isover isover     ok        ok     isover  ok
    CANCELLED   reset     reset   rerun   isover isover     ok        ok     isover  ok
`

const backgroundTask = `
                SCHEDULED PENDING RUNNING PAUSED CANCELLING COMPLETED FAILED CRASHED CANCELLED
    none        ok        ok      ok      ok     ok         ok        ok     ok      ok
    SCHEDULED   ok        ok      ok      ok     ok         ok        ok     ok      ok
    PENDING     ok        claimed ok      ok     ok         ok        ok     ok      ok
    RUNNING     ok        claimed renamed ok     ok         ok        ok     ok      ok
    PAUSED      ok        ok      renamed ok     ok         ok        ok     ok      ok
    CANCELLING  ok        claimed renamed ok     ok         ok        ok     ok      ok
    COMPLETED   reset     reset   rerun   isover isover     ok        ok     isover  ok
    FAILED      reset     reset   rerun   isover isover     ok        ok     isover  ok
    CRASHED     reset     reset   rerun   isover isover     ok        ok     isover  ok
    CANCELLED   reset     claimed rerun   isover isover     ok        ok     isover  ok
`

interface ScenarioBase<Run> {
  readonly name: string
  readonly table: string
  /** Rows that differ from the table, whole. */
  readonly rows?: string
  /** One column that differs from the table, from top to bottom. */
  readonly column?: readonly [to: StateType, words: string]
  readonly run?: Partial<Run>
  readonly state?: Partial<StoredState>
  /** Only for the row of this state; other rows keep the plain state. */
  readonly stateOf?: FromType
  readonly proposed?: Parameters<typeof propose>[1]
  /** Only for the column of this state. A flow run is always proposed PAUSED with the pause key `k`. */
  readonly proposedOf?: StateType
  readonly facts?: Facts
}

export interface FlowScenario extends ScenarioBase<FlowRunView> {
  readonly policy: typeof coreFlowPolicy
}

export interface TaskScenario extends ScenarioBase<TaskRunView> {
  readonly policy: typeof coreTaskPolicy
}

const transition = { details: { transition_id: 't-1', scheduled_time: due } }
const suspension = { details: { pause_key: 'k', pause_reschedule: true } }
const expiredPause = { details: { pause_timeout: '2026-08-21T11:59:59Z' } }
const later = { details: { scheduled_time: '2026-08-21T12:01:30Z' } }
const old = (minor: number, patch: number) => ({
  apiVersion: [0, minor, patch] as const,
  clientVersion: '2.7.0',
})

const endedRows = `
    COMPLETED   isended   isended isended isended isended isended isended isended isended
    FAILED      isended   isended isended isended isended isended isended isended isended
    CRASHED     isended   isended isended isended isended isended isended isended isended
    CANCELLED   isended   isended isended isended isended isended isended isended isended
`
const silentClaim = claim({ beatMicros: now - 100_000_000, expiresMicros: now - 10_000_000 })

export const flowScenarios: readonly FlowScenario[] = [
  {
    name: 'a local flow run',
    policy: coreFlowPolicy,
    table: plainFlow,
  },
  {
    name: 'a run of a deployment, with infrastructure and, when completed, a result',
    policy: coreFlowPolicy,
    run: { deploymentId: 'deployment-1', infrastructurePid: 'pid' },
    state: { data: result },
    table: `
                SCHEDULED PENDING RUNNING PAUSED    CANCELLING COMPLETED FAILED   CRASHED  CANCELLED
    none        ok        ok      ok      stateless ok         ok        ok       ok       ok
    SCHEDULED   ok        ok      ok      idle      ok         ok        ok       ok       ok
    PENDING     ok        claimed ok      idle      ok         ok        ok       ok       ok
    RUNNING     ok        claimed ok      pauses    ok         ok        ok       ok       ok
    PAUSED      resumes   cannot  resumed idle      ok         resumed   resumed  resumed  resumed
    CANCELLING  stopping  stopping stopping stopping stopping  stopping  stopping stopping ok
    COMPLETED   done      done    done    over      over       done      ok       over     ok
    FAILED      resched   again   again   over      over       ok        ok       over     ok
    CRASHED     resched   again   again   over      over       ok        ok       over     ok
    CANCELLED   resched   claimed again   over      over       ok        ok       over     ok
`,
  },
  {
    name: 'a completed run whose new result would replace the old',
    policy: coreFlowPolicy,
    state: { data: result },
    stateOf: 'COMPLETED',
    proposed: { data: json({ type: 'reference', storage_key: 'new' }) },
    proposedOf: 'COMPLETED',
    table: plainFlow,
    rows: 'COMPLETED done done done over over ok ok over ok',
  },
  {
    name: 'a request that is repeated',
    policy: coreFlowPolicy,
    state: transition,
    proposed: transition,
    table: `
                SCHEDULED PENDING   RUNNING   PAUSED    CANCELLING COMPLETED FAILED    CRASHED   CANCELLED
    none        ok        ok        ok        stateless ok         ok        ok        ok        ok
    SCHEDULED   duplicate duplicate duplicate duplicate duplicate  duplicate duplicate duplicate duplicate
    PENDING     duplicate duplicate duplicate duplicate duplicate  duplicate duplicate duplicate duplicate
    RUNNING     duplicate duplicate duplicate duplicate duplicate  duplicate duplicate duplicate duplicate
    PAUSED      duplicate duplicate duplicate duplicate duplicate  duplicate duplicate duplicate duplicate
    CANCELLING  duplicate duplicate duplicate duplicate duplicate  duplicate duplicate duplicate duplicate
    COMPLETED   duplicate duplicate duplicate duplicate duplicate  duplicate duplicate duplicate duplicate
    FAILED      duplicate duplicate duplicate duplicate duplicate  duplicate duplicate duplicate duplicate
    CRASHED     duplicate duplicate duplicate duplicate duplicate  duplicate duplicate duplicate duplicate
    CANCELLED   duplicate duplicate duplicate duplicate duplicate  duplicate duplicate duplicate duplicate
`,
  },
  {
    name: 'a suspended run of a deployment',
    policy: coreFlowPolicy,
    run: { deploymentId: 'deployment-1' },
    state: suspension,
    proposed: suspension,
    proposedOf: 'PAUSED',
    table: `
                SCHEDULED PENDING RUNNING PAUSED     CANCELLING COMPLETED FAILED   CRASHED  CANCELLED
    none        ok        ok      ok      stateless2 ok         ok        ok       ok       ok
    SCHEDULED   ok        ok      ok      idle2      atonce     ok        ok       ok       ok
    PENDING     ok        claimed ok      idle2      ok         ok        ok       ok       ok
    RUNNING     ok        claimed ok      pauses     ok         ok        ok       ok       ok
    PAUSED      resumes   cannot  resumed idle2      atonce     resumed   resumed  resumed  resumed
    CANCELLING  stopping  stopping stopping stopping stopping   stopping  stopping stopping ok
    COMPLETED   resched   again   again   over       over       ok        ok       over     ok
    FAILED      resched   again   again   over       over       ok        ok       over     ok
    CRASHED     resched   again   again   over       over       ok        ok       over     ok
    CANCELLED   resched   claimed again   over       over       ok        ok       over     ok
`,
  },
  {
    name: 'a suspended run whose deployment is gone',
    policy: coreFlowPolicy,
    state: suspension,
    proposed: suspension,
    proposedOf: 'PAUSED',
    table: plainFlow,
    rows: 'PAUSED nodeploy3 cannot nodeploy3 idle2 atonce nodeploy3 nodeploy3 nodeploy3 nodeploy3',
    column: ['PAUSED', 'stateless2 idle2 idle2 nodeploy2 idle2 stopping over over over over'],
  },
  {
    name: 'a sub-flow that would suspend',
    policy: coreFlowPolicy,
    run: { deploymentId: 'deployment-1', parentTaskRunId: 'parent-task' },
    proposed: suspension,
    proposedOf: 'PAUSED',
    table: plainFlow,
    column: ['PAUSED', 'stateless2 idle2 idle2 subflow idle2 stopping over over over over'],
    rows: `
    COMPLETED   resched   again   again   over       over       ok        ok       over     ok
    FAILED      resched   again   again   over       over       ok        ok       over     ok
    CRASHED     resched   again   again   over       over       ok        ok       over     ok
    CANCELLED   resched   claimed again   over       over       ok        ok       over     ok
`,
  },
  {
    name: 'a pause that has waited too long',
    policy: coreFlowPolicy,
    state: expiredPause,
    stateOf: 'PAUSED',
    table: plainFlow,
    rows: 'PAUSED expired cannot expired idle expired expired expired expired expired',
  },
  {
    name: 'a pause that has fired before',
    policy: coreFlowPolicy,
    run: { policy: { pause_keys: ['k'] } },
    table: plainFlow,
    rows: 'RUNNING ok claimed ok fired ok ok ok ok ok',
  },
  {
    name: 'a run that is due in 90 seconds',
    policy: coreFlowPolicy,
    state: later,
    table: plainFlow,
    rows: `
    SCHEDULED   ok        keepsdue wait   idle      atonce     ok        ok       ok       ok
    PENDING     ok        claimed  wait   idle      ok         ok        ok       ok       ok
`,
  },
  {
    name: 'a failure with a retry left',
    policy: coreFlowPolicy,
    run: { policy: { retries: 1, retry_delay: 30 } },
    stateOf: 'RUNNING',
    proposed: { message: 'boom' },
    proposedOf: 'FAILED',
    table: plainFlow,
    rows: 'RUNNING ok claimed ok pauses ok ok retry ok ok',
  },
  {
    name: 'a failure with no retry left',
    policy: coreFlowPolicy,
    run: { policy: { retries: 1, retry_type: 'in_process' }, runCount: 2 },
    table: plainFlow,
    rows: `
    SCHEDULED   ok        ok      ok      idle      between    ok        ok       ok       ok
    RUNNING     ok        claimed ok      pauses    ok         ok        exhausted ok      ok
`,
  },
  {
    name: 'a deployment without a free slot, that queues',
    policy: coreFlowPolicy,
    run: { deploymentId: 'deployment-1' },
    facts: facts({ deploymentLimit: deploymentLimit({ active: 2 }) }),
    table: plainFlow,
    // PAUSED → PENDING: the slot is asked for before the pause.
    column: ['PENDING', 'queued queued claimed claimed queued stopping queued queued queued claimed'],
    rows: `
    COMPLETED   resched   queued  again   over       over       ok        ok       over     ok
    FAILED      resched   queued  again   over       over       ok        ok       over     ok
    CRASHED     resched   queued  again   over       over       ok        ok       over     ok
    CANCELLED   resched   claimed again   over       over       ok        ok       over     ok
`,
  },
  {
    name: 'a deployment without a free slot, that cancels',
    policy: coreFlowPolicy,
    facts: facts({ deploymentLimit: deploymentLimit({ active: 3, collisionStrategy: 'CANCEL_NEW' }) }),
    table: plainFlow,
    column: ['PENDING', 'dropped dropped claimed claimed dropped stopping dropped dropped dropped claimed'],
  },
  {
    name: 'a deployment that is closed',
    policy: coreFlowPolicy,
    facts: facts({ deploymentLimit: deploymentLimit({ limit: 0, active: 0 }) }),
    table: plainFlow,
    column: ['PENDING', 'closed closed claimed claimed closed stopping closed closed closed claimed'],
  },
  {
    name: 'a deployment with a free slot',
    policy: coreFlowPolicy,
    facts: facts({ deploymentLimit: deploymentLimit() }),
    table: plainFlow,
    // PAUSED → PENDING: a slot that was taken for nothing is not taken.
    column: ['PENDING', 'slot slot claimed claimed cannot stopping slotagain slotagain slotagain claimed'],
  },
  {
    name: 'a claimed run whose slot was lost while it started',
    policy: coreFlowPolicy,
    state: { details: { deployment_concurrency_lease_id: 'lease-1' } },
    stateOf: 'PENDING',
    facts: facts({ deploymentLimit: deploymentLimit({ active: 2, leaseAlive: false }) }),
    table: plainFlow,
    column: ['PENDING', 'queued queued claimed claimed queued stopping queued queued queued claimed'],
    rows: 'PENDING keepslease claimed lost idle keepslease keepslease keepslease keepslease keepslease',
  },
  {
    name: 'a run that the late service marks',
    policy: coreFlowPolicy,
    proposed: { name: 'Late' },
    proposedOf: 'SCHEDULED',
    table: plainFlow,
    column: ['SCHEDULED', 'notlate ok notlate notlate notlate stopping nodeploy nodeploy nodeploy nodeploy'],
  },
  {
    name: 'a run that the late service marks again',
    policy: coreFlowPolicy,
    state: { name: 'Late' },
    stateOf: 'SCHEDULED',
    proposed: { name: 'Late' },
    proposedOf: 'SCHEDULED',
    table: plainFlow,
    column: [
      'SCHEDULED',
      'notlate islate notlate notlate notlate stopping nodeploy nodeploy nodeploy nodeploy',
    ],
  },
  {
    name: 'a client that knows no pauses',
    policy: coreFlowPolicy,
    facts: facts({ client: old(8, 3) }),
    table: `
                SCHEDULED PENDING RUNNING PAUSED    CANCELLING COMPLETED FAILED   CRASHED  CANCELLED
    none        ok        ok      ok      stateless ok         ok        ok       ok       ok
    SCHEDULED   ok        ok      ok      idle      atonce     ok        ok       ok       ok
    PENDING     ok        claimed ok      idle      ok         ok        ok       ok       ok
    RUNNING     ok        claimed ok      ok        ok         ok        ok       ok       ok
    PAUSED      ok        cannot  ok      idle      ok         ok        ok       ok       ok
    CANCELLING  stopping  stopping stopping stopping stopping  stopping  stopping stopping ok
    COMPLETED   nodeploy  ok      ok      over      over       ok        ok       over     ok
    FAILED      nodeploy  ok      ok      over      over       ok        ok       over     ok
    CRASHED     nodeploy  ok      ok      over      over       ok        ok       over     ok
    CANCELLED   nodeploy  claimed ok      over      over       ok        ok       over     ok
`,
  },
  {
    name: 'by force',
    policy: minimalFlowPolicy,
    table: allOk,
    rows: 'SCHEDULED ok ok ok ok atonce ok ok ok ok',
  },
  {
    name: 'by force, over a result',
    policy: minimalFlowPolicy,
    state: { data: result },
    table: allOk,
    rows: `
    SCHEDULED   ok        ok      ok      ok     atonce     ok        ok     ok      ok
    COMPLETED   ok        ok      ok      ok     ok         loss      ok     ok      ok
`,
  },
  {
    name: 'by force, on a suspended run with infrastructure',
    policy: minimalFlowPolicy,
    run: { infrastructurePid: 'pid' },
    state: suspension,
    table: allOk,
    rows: 'PAUSED ok ok ok ok atonce ok ok ok ok',
  },
  {
    name: 'what an agent reports',
    policy: reportedFlowPolicy,
    run: { policy: { retries: 1, retry_delay: 30 } },
    state: later,
    table: allOk,
    rows: `
    COMPLETED   nodeploy  again   again   over   over       ok        ok     over    ok
    FAILED      nodeploy  again   again   over   over       ok        ok     over    ok
    CRASHED     nodeploy  again   again   over   over       ok        ok     over    ok
    CANCELLED   nodeploy  again   again   over   over       ok        ok     over    ok
`,
  },
  {
    name: 'the late service',
    policy: markLateRunsPolicy,
    proposed: { name: 'Late' },
    proposedOf: 'SCHEDULED',
    table: allOk,
    column: ['SCHEDULED', 'notlate ok notlate notlate notlate notlate notlate notlate notlate notlate'],
  },
  {
    name: 'the late service, without a free slot',
    policy: markLateRunsPolicy,
    proposed: { name: 'Late' },
    proposedOf: 'SCHEDULED',
    facts: facts({ deploymentLimit: deploymentLimit({ active: 2, collisionStrategy: 'CANCEL_NEW' }) }),
    table: allOk,
    column: ['SCHEDULED', 'notlate dropped notlate notlate notlate notlate notlate notlate notlate notlate'],
  },
  {
    name: 'a run that was cancelled while its process waited for the next attempt',
    policy: coreFlowPolicy,
    state: { details: { cancelled_between_attempts: true } },
    stateOf: 'CANCELLED',
    table: plainFlow,
    rows: 'CANCELLED nodeploy claimed cancelledbetween over over ok ok over ok',
  },
  {
    name: 'a slot that came free, and nobody waits',
    policy: flowPolicies['slot-free'],
    table: allOk,
    column: [
      'SCHEDULED',
      'noslotawaited noslotawaited noslotawaited noslotawaited noslotawaited noslotawaited noslotawaited noslotawaited noslotawaited noslotawaited',
    ],
  },
  {
    name: 'a slot that came free',
    policy: flowPolicies['slot-free'],
    state: { name: 'AwaitingConcurrencySlot' },
    stateOf: 'SCHEDULED',
    table: allOk,
    column: [
      'SCHEDULED',
      'noslotawaited ok noslotawaited noslotawaited noslotawaited noslotawaited noslotawaited noslotawaited noslotawaited noslotawaited',
    ],
  },
  {
    name: 'a resume',
    policy: flowPolicies.resume,
    table: plainFlow,
    rows: `
    none        unpaused unpaused unpaused unpaused unpaused unpaused unpaused unpaused unpaused
    SCHEDULED   unpaused unpaused unpaused unpaused unpaused unpaused unpaused unpaused unpaused
    PENDING     unpaused unpaused unpaused unpaused unpaused unpaused unpaused unpaused unpaused
    RUNNING     unpaused unpaused unpaused unpaused unpaused unpaused unpaused unpaused unpaused
    CANCELLING  unpaused unpaused unpaused unpaused unpaused unpaused unpaused unpaused unpaused
    COMPLETED   unpaused unpaused unpaused unpaused unpaused unpaused unpaused unpaused unpaused
    FAILED      unpaused unpaused unpaused unpaused unpaused unpaused unpaused unpaused unpaused
    CRASHED     unpaused unpaused unpaused unpaused unpaused unpaused unpaused unpaused unpaused
    CANCELLED   unpaused unpaused unpaused unpaused unpaused unpaused unpaused unpaused unpaused
`,
  },
  {
    name: 'a run that was missed',
    policy: flowPolicies.missed,
    table: allOk,
    column: [
      'CANCELLED',
      'unscheduled ok unscheduled unscheduled unscheduled unscheduled unscheduled unscheduled unscheduled unscheduled',
    ],
  },
  {
    name: 'a run that was missed, and waits for something else',
    policy: flowPolicies.missed,
    state: { name: 'AwaitingConcurrencySlot' },
    stateOf: 'SCHEDULED',
    table: allOk,
    column: [
      'CANCELLED',
      'unscheduled touched unscheduled unscheduled unscheduled unscheduled unscheduled unscheduled unscheduled unscheduled',
    ],
  },
  {
    name: 'the end of a pause that goes on',
    policy: flowPolicies['pause-timeout'],
    table: allOk,
    column: [
      'FAILED',
      'notpaused notpaused notpaused notpaused pauselives notpaused notpaused notpaused notpaused notpaused',
    ],
  },
  {
    name: 'the end of a pause',
    policy: flowPolicies['pause-timeout'],
    state: expiredPause,
    stateOf: 'PAUSED',
    table: allOk,
    column: [
      'FAILED',
      'notpaused notpaused notpaused notpaused ok notpaused notpaused notpaused notpaused notpaused',
    ],
  },
  {
    name: 'the end of a cancellation that may be confirmed',
    policy: flowPolicies['cancel-timeout'],
    table: allOk,
    column: [
      'CANCELLED',
      'notcancelling notcancelling notcancelling notcancelling notcancelling mayconfirm notcancelling notcancelling notcancelling notcancelling',
    ],
  },
  {
    name: 'the end of a cancellation that nobody confirmed',
    policy: flowPolicies['cancel-timeout'],
    state: { atMicros: now - 300_000_000 },
    stateOf: 'CANCELLING',
    table: allOk,
    column: [
      'CANCELLED',
      'notcancelling notcancelling notcancelling notcancelling notcancelling ok notcancelling notcancelling notcancelling notcancelling',
    ],
  },
  {
    name: 'a deadline that has not passed',
    policy: flowPolicies.deadline,
    table: allOk,
    column: [
      'CANCELLING',
      'nearend nodeadline nodeadline nodeadline nodeadline nearend nearend nearend nearend nearend',
    ],
  },
  {
    name: 'a deadline that has passed',
    policy: flowPolicies.deadline,
    run: { policy: { finish_within_seconds: 10 } },
    state: { details: { finish_by: '2026-08-21T12:00:00Z' } },
    table: allOk,
    column: ['CANCELLING', 'nearend atonce overdue overdue overdue nearend nearend nearend nearend nearend'],
  },
  {
    name: 'the search for silent holders, of a run that nobody claimed',
    policy: flowPolicies.zombie,
    table: allOk,
    column: [
      'CRASHED',
      'unexecuted unexecuted unheld unheld unexecuted unheld unexecuted unexecuted unexecuted unexecuted',
    ],
  },
  {
    name: 'the search for silent holders, of a run whose holder beats',
    policy: flowPolicies.zombie,
    facts: facts({ claim: claim() }),
    table: allOk,
    column: [
      'CRASHED',
      'unexecuted unexecuted alive alive unexecuted alive unexecuted unexecuted unexecuted unexecuted',
    ],
  },
  {
    name: 'the search for silent holders, of a run whose holder is silent',
    policy: flowPolicies.zombie,
    facts: facts({ claim: silentClaim }),
    table: allOk,
    column: [
      'CRASHED',
      'unexecuted unexecuted lostrun lostrun unexecuted lostcancel unexecuted unexecuted unexecuted unexecuted',
    ],
  },
  {
    name: 'the search for silent holders, of a run that its deployment wants run again',
    policy: flowPolicies.zombie,
    run: { deploymentId: 'deployment-1', policy: { on_lost: 'reschedule' } },
    facts: facts({ claim: silentClaim }),
    table: allOk,
    column: [
      'CRASHED',
      'unexecuted unexecuted lostagain lostagain unexecuted lostcancel unexecuted unexecuted unexecuted unexecuted',
    ],
  },
  {
    name: 'the search for silent holders, of a run of a deployment',
    policy: flowPolicies.zombie,
    run: { deploymentId: 'deployment-1', policy: { on_lost: 'crash' } },
    facts: facts({ claim: silentClaim }),
    table: allOk,
    // What has not begun repeats nothing.
    column: [
      'CRASHED',
      'unexecuted unexecuted lostagain lostrun unexecuted lostcancel unexecuted unexecuted unexecuted unexecuted',
    ],
  },
  {
    name: 'what a cancelled run had started',
    policy: flowPolicies.cascade,
    table: allOk,
    rows: `
    SCHEDULED   ok        ok      ok      ok     atonce     ok        ok     ok      ok
    ${endedRows.trim()}`,
  },
]

const running = facts({ flowRun: flowRunFact('RUNNING') })
const stopped = facts({ flowRun: flowRunFact('CANCELLING') })
const withKey = { details: { cache_key: 'key' } }

export const taskScenarios: readonly TaskScenario[] = [
  { name: 'a task of a running flow', policy: coreTaskPolicy, facts: running, table: plainTask },
  { name: 'a task of its own', policy: coreTaskPolicy, run: { flowRunId: null }, table: plainTask },
  { name: 'a task that takes its own slots', policy: clientSideTaskPolicy, facts: running, table: plainTask },
  {
    name: 'a task with a result',
    policy: coreTaskPolicy,
    facts: running,
    state: { data: result },
    table: plainTask,
    rows: 'COMPLETED finished finished finished isover isover finished finished isover finished',
  },
  {
    name: 'a task whose result is cached',
    policy: coreTaskPolicy,
    facts: facts({ flowRun: flowRunFact('CANCELLING'), cached: propose('COMPLETED', { data: result }) }),
    proposed: withKey,
    proposedOf: 'RUNNING',
    table: plainTask,
    // Also where the flow has stopped, and where the count would have been reset.
    column: ['RUNNING', 'cached cached cached cached cached cached cached cached cached cached'],
  },
  {
    name: 'a task of a paused flow',
    policy: coreTaskPolicy,
    facts: facts({ flowRun: flowRunFact('PAUSED') }),
    table: plainTask,
    column: [
      'RUNNING',
      'notready notready notready notready notready notready notready notready notready notready',
    ],
  },
  {
    name: 'a task of a flow that stops',
    policy: coreTaskPolicy,
    facts: stopped,
    table: plainTask,
    column: [
      'RUNNING',
      'flowover flowover flowover flowover flowover flowover flowover flowover flowover flowover',
    ],
  },
  {
    name: 'a task of a flow without a state',
    policy: coreTaskPolicy,
    facts: facts({ flowRun: flowRunFact(null) }),
    table: plainTask,
    column: [
      'RUNNING',
      'flowover flowover flowover flowover flowover flowover flowover flowover flowover flowover',
    ],
  },
  {
    name: 'a task of a flow that runs again',
    policy: coreTaskPolicy,
    facts: facts({ flowRun: flowRunFact('RUNNING', 2) }),
    table: plainTask,
    column: ['RUNNING', 'ok ok ok renamed renamed renamed flowretry flowretry flowretry flowretry'],
  },
  {
    name: 'a task without a free slot',
    policy: coreTaskPolicy,
    facts: facts({ flowRun: flowRunFact('RUNNING'), tagLimits: [tagLimit({ active: 2 })] }),
    table: plainTask,
    column: ['RUNNING', 'full full full full full full full full full full'],
  },
  {
    name: 'a task without a free slot, that takes its own',
    policy: clientSideTaskPolicy,
    facts: facts({ flowRun: flowRunFact('RUNNING'), tagLimits: [tagLimit({ active: 2 })] }),
    table: plainTask,
  },
  {
    name: 'a task with a tag that is closed',
    policy: coreTaskPolicy,
    facts: facts({ flowRun: flowRunFact('RUNNING'), tagLimits: [tagLimit({ limit: 0, active: 0 })] }),
    table: plainTask,
    column: [
      'RUNNING',
      'deadlock deadlock deadlock deadlock deadlock deadlock deadlock deadlock deadlock deadlock',
    ],
  },
  {
    name: 'a task that is due in 90 seconds',
    policy: coreTaskPolicy,
    facts: running,
    state: later,
    table: plainTask,
    rows: `
    SCHEDULED   ok        keepsdue wait   ok     ok         ok        ok     ok      ok
    PENDING     ok        ok       wait   ok     ok         ok        ok     ok      ok
`,
  },
  {
    name: 'a failure with a retry left',
    policy: coreTaskPolicy,
    facts: running,
    run: { policy: { retries: 1, retry_delay: 30 } },
    proposed: { message: 'boom' },
    proposedOf: 'FAILED',
    table: plainTask,
    rows: 'RUNNING ok ok renamed ok ok ok taskretry ok ok',
  },
  {
    name: 'a failure that its own code calls hopeless',
    policy: coreTaskPolicy,
    facts: running,
    run: { policy: { retries: 1, retry_delay: 30 } },
    proposed: { details: { retriable: false } },
    proposedOf: 'FAILED',
    table: plainTask,
  },
  {
    name: 'a task that awaits its retry',
    policy: coreTaskPolicy,
    facts: running,
    run: { runCount: 1 },
    state: { name: 'AwaitingRetry', details: { scheduled_time: due } },
    stateOf: 'SCHEDULED',
    table: plainTask,
    column: ['RUNNING', 'renamed retrying renamed renamed renamed renamed rerun rerun rerun rerun'],
  },
  {
    name: 'a cache key that is too long',
    policy: coreTaskPolicy,
    facts: running,
    proposed: { details: { cache_key: 'k'.repeat(2001) } },
    proposedOf: 'COMPLETED',
    table: plainTask,
    column: ['COMPLETED', 'longkey longkey longkey longkey longkey longkey longkey longkey longkey longkey'],
  },
  {
    name: 'a background task',
    policy: backgroundTaskPolicy,
    // Whether a flow is running around it is not asked.
    facts: stopped,
    table: backgroundTask,
  },
  {
    name: 'a background task whose result is cached',
    policy: backgroundTaskPolicy,
    facts: facts({ cached: propose('COMPLETED', { data: result }) }),
    proposed: withKey,
    proposedOf: 'RUNNING',
    table: backgroundTask,
    column: ['RUNNING', 'cached cached cached cached cached cached cached cached cached cached'],
  },
  {
    name: 'a background task that is due in 90 seconds',
    policy: backgroundTaskPolicy,
    state: later,
    table: backgroundTask,
    rows: `
    SCHEDULED   ok        keepsdue wait   ok     ok         ok        ok     ok      ok
    PENDING     ok        claimed  wait   ok     ok         ok        ok     ok      ok
`,
  },
  {
    name: 'a background task that fails with a retry left',
    policy: backgroundTaskPolicy,
    run: { policy: { retries: 1, retry_delay: 30 } },
    proposed: { message: 'boom' },
    proposedOf: 'FAILED',
    table: backgroundTask,
    rows: 'RUNNING ok claimed renamed ok ok ok taskretry ok ok',
  },
  {
    name: 'a background task with a cache key that is too long',
    policy: backgroundTaskPolicy,
    proposed: { details: { cache_key: 'k'.repeat(2001) } },
    proposedOf: 'COMPLETED',
    table: backgroundTask,
    column: ['COMPLETED', 'longkey longkey longkey longkey longkey longkey longkey longkey longkey longkey'],
  },
  {
    name: 'by force, over a result, while the flow stops and the tag is full',
    policy: minimalTaskPolicy,
    state: { data: result },
    facts: facts({ flowRun: flowRunFact('CANCELLING'), tagLimits: [tagLimit({ active: 2 })] }),
    table: allOk,
  },
  {
    name: 'a task of a flow that was cancelled',
    policy: taskPolicies.cascade,
    facts: stopped,
    table: allOk,
    rows: endedRows,
  },
]
