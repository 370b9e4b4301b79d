import { defaultStateName, isFinal, type RawJson, type StateDetails, type StateType } from '../state.ts'
import { parseInstant } from '../time.ts'
import type {
  ClaimFact,
  DeploymentLimitFact,
  Facts,
  FlowRunView,
  FromType,
  ProposedState,
  StoredState,
  TagLimitFact,
  TaskRunView,
  WorkPlaceFact,
  WorkSlotsFact,
} from './decide.ts'

/** Runs, states and facts for tests of the rules: one story, told in fixed instants. */

const instant = (text: string): number => {
  const micros = parseInstant(text)
  if (micros === undefined) throw new Error(`No instant: ${text}`)
  return micros
}

/** When the transition happens. */
export const now = instant('2026-08-21T12:00:00Z')
/** When the run entered the state it is in: ten seconds earlier. */
export const entered = instant('2026-08-21T11:59:50Z')
/** When a run that has run began. */
export const began = instant('2026-08-21T11:00:00Z')
/** When a run that ended did so. */
export const ended = instant('2026-08-21T11:30:00Z')
/** When the run was due. */
export const due = '2026-08-21T10:00:00.000000Z'
export const dueMicros = instant(due)

/** JSON text as a client sent it. Safe: the brand says only that nobody has parsed it. */
export const json = (value: unknown): RawJson => JSON.stringify(value) as RawJson

export const result = json({ type: 'reference', storage_key: 'abc' })
export const unpersisted = json({ type: 'unpersisted' })

export const propose = (type: StateType, more: Partial<ProposedState> = {}): ProposedState => ({
  type,
  name: defaultStateName(type),
  message: '',
  details: type === 'SCHEDULED' ? { scheduled_time: due } : {},
  data: null,
  ...more,
})

export const stored = (type: StateType, more: Partial<StoredState> = {}): StoredState => ({
  ...propose(type),
  id: 'state-1',
  atMicros: entered,
  ...more,
})

const hasRun = (from: FromType): boolean => from !== 'none' && from !== 'SCHEDULED' && from !== 'PENDING'

/** What every run has in the state it is in: runs that have run did so once. */
const runIn = (from: FromType, state: Partial<StoredState> = {}) => ({
  id: 'run-1',
  state: from === 'none' ? null : stored(from, state),
  runCount: hasRun(from) ? 1 : 0,
  startMicros: hasRun(from) ? began : null,
  endMicros: from !== 'none' && isFinal(from) ? ended : null,
  expectedStartMicros: from === 'none' ? null : dueMicros,
  nextScheduledStartMicros: from === 'SCHEDULED' ? dueMicros : null,
  totalRunTimeSeconds: 100,
  policy: {},
})

export const flowRunIn = (
  from: FromType,
  more: Partial<FlowRunView> = {},
  state?: Partial<StoredState>,
): FlowRunView => ({
  ...runIn(from, state),
  kind: 'flow-run',
  deploymentId: null,
  parentTaskRunId: null,
  infrastructurePid: null,
  workQueueId: null,
  claimToken: null,
  ...more,
})

export const taskRunIn = (
  from: FromType,
  more: Partial<TaskRunView> = {},
  state?: Partial<StoredState>,
): TaskRunView => ({
  ...runIn(from, state),
  kind: 'task-run',
  flowRunId: 'flow-run-1',
  flowRunRunCount: 1,
  tags: [],
  ...more,
})

export const facts = (more: Partial<Facts> = {}): Facts => ({
  nowMicros: now,
  client: { apiVersion: [0, 8, 4], clientVersion: '3.8.8' },
  dice: 0.5,
  flowRun: null,
  cached: null,
  deploymentLimit: null,
  tagLimits: [],
  claim: null,
  workSlots: null,
  freshClaimToken: null,
  ...more,
})

/** A task's flow run, in its first attempt. */
export const flowRunFact = (type: StateType | null, runCount = 1, details: StateDetails = {}) => ({
  state: type === null ? null : stored(type, { details }),
  runCount,
})

export const deploymentLimit = (more: Partial<DeploymentLimitFact> = {}): DeploymentLimitFact => ({
  limitId: 'limit-1',
  limit: 2,
  active: 1,
  collisionStrategy: 'ENQUEUE',
  gracePeriodSeconds: 300,
  leaseAlive: true,
  freshLeaseId: 'fresh-lease',
  ...more,
})

/** A queue with room in a pool with room. */
export const workSlots = (
  pool: Partial<WorkPlaceFact> = {},
  queue: Partial<WorkPlaceFact> = {},
): WorkSlotsFact => ({
  pool: { id: 'pool-1', name: 'machines', paused: false, limit: 2, active: 1, holders: [], ...pool },
  queue: { id: 'queue-1', name: 'urgent', paused: false, limit: null, active: 1, holders: [], ...queue },
})

/** Claimed by a worker that beats: alive until a minute from now. */
export const claim = (more: Partial<ClaimFact> = {}): ClaimFact => ({
  token: 'token-1',
  holderType: 'worker',
  holderId: null,
  holderName: 'w1',
  claimedMicros: began,
  beatMicros: now - 30_000_000,
  expiresMicros: now + 60_000_000,
  ...more,
})

export const tagLimit = (more: Partial<TagLimitFact> = {}): TagLimitFact => ({
  limitId: 'limit-1',
  tag: 'db',
  limit: 2,
  active: 1,
  heldByThisRun: false,
  averageOccupancySeconds: 4,
  ...more,
})
