import { describe, expect, test } from 'vitest'
import type { StateDetails } from '../../state.ts'
import { formatInstant } from '../../time.ts'
import {
  claim,
  deploymentLimit,
  entered,
  facts as factsOf,
  flowRunIn,
  now,
  stored,
  workSlots,
} from '../fixtures.ts'
import { explainRun } from './explain-run.ts'
import type {
  DeploymentSight,
  LineSight,
  RunSight,
  SlotHolder,
  WorkPoolSight,
  WorkQueueSight,
} from './waiting.ts'
import { command, spell } from './words.ts'

const seconds = (n: number): number => now + n * 1_000_000

const pool = (more: Partial<WorkPoolSight> = {}): WorkPoolSight => ({
  id: 'pool-1',
  name: 'machines',
  type: 'process',
  paused: null,
  onlineWorkers: 1,
  theyRun: ['any'],
  lastWorker: { id: 'worker-1', name: 'w1', seenMicros: seconds(-5) },
  lastPolledMicros: seconds(-5),
  holders: [],
  ...more,
})
const queue = (more: Partial<WorkQueueSight> = {}): WorkQueueSight => ({
  id: 'queue-1',
  name: 'urgent',
  paused: null,
  holders: [],
  ahead: 0,
  ...more,
})
const deployment = (more: Partial<DeploymentSight> = {}): DeploymentSight => ({
  id: 'deployment-1',
  name: 'nightly',
  flowName: 'etl',
  entrypoint: 'etl.py:etl',
  paused: false,
  lastPolledMicros: seconds(-5),
  limitName: null,
  holders: [],
  ...more,
})
const holders: readonly SlotHolder[] = [
  { id: 'run-x', name: 'x', sinceMicros: seconds(-600), expectedEndMicros: seconds(120) },
  { id: 'run-y', name: 'y', sinceMicros: seconds(-60), expectedEndMicros: null },
]

const line: LineSight = {
  limitId: 'limit-2',
  name: 'database',
  limit: 2,
  active: 2,
  slots: 1,
  sinceMicros: seconds(-30),
  ahead: 1,
  waiting: 1,
  holders,
}

/** A due run of a deployment that waits in a queue with everything in order. */
const sight = (more: Partial<RunSight> = {}): RunSight => ({
  run: flowRunIn('SCHEDULED', { deploymentId: 'deployment-1', workQueueId: 'queue-1' }),
  facts: factsOf(),
  name: 'run',
  deployment: deployment(),
  pool: pool(),
  queue: queue(),
  tags: [],
  lines: [],
  lastHeard: null,
  ...more,
})
const only = (its: RunSight) => {
  const { verdict, reasons } = explainRun(its)
  expect(reasons).toHaveLength(1)
  const [reason] = reasons
  if (reason === undefined) throw new Error('no reason')
  return { verdict, ...reason }
}

describe('a scheduled run', () => {
  test('that nothing holds back is a matter of the next poll', () => {
    expect(only(sight())).toMatchObject({
      verdict: 'waiting',
      rule: 'dueNow',
      detail: 'A worker of “machines” takes it at its next poll.',
    })
  })

  test('is due later', () => {
    const later = seconds(3 * 3_600)
    const run = flowRunIn('SCHEDULED', {}, { details: { scheduled_time: formatInstant(later) } })
    expect(only(sight({ run }))).toMatchObject({
      rule: 'waitForScheduledTime',
      title: 'Scheduled for later',
      detail: 'It is due in 3 hours, at 15:00:00 UTC.',
      forecastMicros: later,
      action: { label: 'Run it now' },
    })
  })

  test('waits for its next attempt, in its process or in the queue', () => {
    const at = { name: 'AwaitingRetry', details: { scheduled_time: formatInstant(seconds(90)) } }
    const retrying = flowRunIn('SCHEDULED', { runCount: 1, policy: { retry_type: 'in_process' } }, at)
    expect(only(sight({ run: retrying }))).toMatchObject({
      rule: 'waitForScheduledTime',
      detail: 'Attempt 1 failed. The process that ran it tries again in 90 seconds, at 12:01:30 UTC.',
      action: null,
    })
    const queued = flowRunIn('SCHEDULED', { policy: { retry_type: 'reschedule' } }, at)
    expect(only(sight({ run: queued })).detail).toBe(
      'It is scheduled to run again in 90 seconds, at 12:01:30 UTC.',
    )
  })

  test('should have been tried again by its process', () => {
    const run = flowRunIn('SCHEDULED', { policy: { retry_type: 'in_process' } }, { name: 'AwaitingRetry' })
    expect(only(sight({ run }))).toMatchObject({
      rule: 'retryFailedFlows',
      action: { command: 'prefect flow-run cancel run-1' },
    })
  })

  test('waits because its pool is paused, and by whom', () => {
    const paused = { by: 'ada', sinceMicros: seconds(-240) }
    expect(only(sight({ pool: pool({ paused }) }))).toMatchObject({
      rule: 'noticePausedPool',
      title: 'Work pool “machines” is paused',
      detail: 'It was paused by ada 4 minutes ago, and hands out no runs.',
      action: { command: 'prefect work-pool resume machines', path: 'work-pools/work-pool/machines' },
    })
  })

  test('waits because its queue is paused, and by whom', () => {
    const paused = { by: 'ada', sinceMicros: seconds(-240) }
    expect(only(sight({ queue: queue({ paused }) }))).toMatchObject({
      rule: 'noticePausedQueue',
      detail: 'It was paused by ada 4 minutes ago, and hands out no runs.',
      action: { command: 'prefect work-queue resume urgent --pool machines' },
    })
  })

  test('waits because no worker has polled for a while, or ever', () => {
    const gone = pool({
      onlineWorkers: 0,
      lastPolledMicros: seconds(-240),
      lastWorker: { id: 'worker-1', name: 'w1', seenMicros: seconds(-245) },
    })
    expect(only(sight({ pool: gone }))).toMatchObject({
      rule: 'noticeNoWorker',
      detail: 'No worker has polled it for 4 minutes; the last was “w1”.',
      sinceMicros: seconds(-240),
      action: { command: 'prefect worker start --pool machines' },
    })
    const typescript = sight({ pool: gone, deployment: deployment({ entrypoint: 'jobs/etl.ts:etl' }) })
    expect(only(typescript).action?.command).toBe('rigel worker start -p machines')
    const never = pool({ onlineWorkers: 0, lastPolledMicros: null, lastWorker: null })
    expect(only(sight({ pool: never })).detail).toBe('No worker has ever polled the work pool.')
  })

  test('waits because the workers that are there run nothing of its language', () => {
    const agents = pool({ onlineWorkers: 2, theyRun: ['typescript'] })
    expect(only(sight({ pool: agents }))).toMatchObject({
      rule: 'noticeUnfitWorkers',
      title: 'No worker of “machines” runs Python',
      detail:
        'The entrypoint of the deployment, etl.py:etl, is Python; the 2 workers that are online run TypeScript.',
      facts: { language: 'python', workers_run: ['typescript'] },
      action: { label: 'Start a Prefect worker', command: 'prefect worker start --pool machines' },
    })
    const mixed = pool({ onlineWorkers: 2, theyRun: ['any', 'typescript'] })
    expect(only(sight({ pool: mixed })).rule).toBe('dueNow')
    for (const entrypoint of ['etl.ts:etl', 'package.etl', null]) {
      expect(only(sight({ pool: agents, deployment: deployment({ entrypoint }) })).rule).toBe('dueNow')
    }
  })

  test('waits because its pool is full, and for whom', () => {
    const slots = workSlots({ limit: 2, active: 2 })
    expect(only(sight({ facts: factsOf({ workSlots: slots }), pool: pool({ holders }) }))).toMatchObject({
      rule: 'enforceWorkSlots',
      title: 'Work pool “machines” is full',
      detail: '2 of 2 slots are taken: by “x” since 11:50:00 UTC and “y” since 11:59:00 UTC.',
      forecastMicros: seconds(120),
      action: { command: 'prefect work-pool set-concurrency-limit machines 3' },
      links: [{ kind: 'work-pool' }, { id: 'run-x' }, { id: 'run-y' }],
    })
  })

  test('waits because its queue is full, and tells so beside a full pool', () => {
    const slots = workSlots({ limit: 1, active: 1 }, { limit: 1, active: 1 })
    const { reasons } = explainRun(sight({ facts: factsOf({ workSlots: slots }), queue: queue({ holders }) }))
    expect(reasons.map(({ title }) => title)).toEqual([
      'Work pool “machines” is full',
      'Work queue “urgent” is full',
    ])
    expect(reasons[1]?.action?.command).toBe(
      'prefect work-queue set-concurrency-limit urgent 2 --pool machines',
    )
  })

  test('waits because its deployment is full, or closed', () => {
    const full = sight({
      facts: factsOf({ deploymentLimit: deploymentLimit({ active: 2 }) }),
      deployment: deployment({ holders }),
    })
    expect(only(full)).toMatchObject({
      rule: 'secureFlowConcurrencySlots',
      title: 'Deployment “nightly” is full',
      forecastMicros: seconds(120),
      action: { label: 'Raise the limit', path: 'deployments/deployment/deployment-1' },
    })
    const closed = factsOf({ deploymentLimit: deploymentLimit({ limit: 0, active: 0 }) })
    expect(only(sight({ facts: closed })).title).toBe('Deployment “nightly” is closed: its limit is 0')
  })

  test('put back for want of a slot says when it asks again', () => {
    const run = flowRunIn(
      'SCHEDULED',
      { deploymentId: 'deployment-1' },
      { name: 'AwaitingConcurrencySlot', details: { scheduled_time: formatInstant(seconds(30)) } },
    )
    expect(only(sight({ run })).detail).toBe(
      'No slot of its deployment was free. It asks again in 30 seconds, at 12:00:30 UTC.',
    )
  })

  test('of a deployment that nobody serves', () => {
    const stopped = deployment({ paused: true, lastPolledMicros: seconds(-240) })
    const alone = sight({ pool: null, queue: null, deployment: stopped })
    expect(only(alone)).toMatchObject({
      rule: 'noticeNotServed',
      title: 'Nothing serves “etl/nightly”',
      detail:
        'The deployment names no work pool, and no process has asked for its runs for 4 minutes. It is paused, as it is when the process that served it ends.',
    })
    const typescript = deployment({ lastPolledMicros: null, entrypoint: 'jobs/etl.ts' })
    expect(only(sight({ pool: null, queue: null, deployment: typescript })).action).toMatchObject({
      label: 'Start the process that serves it',
      command: 'rigel serve jobs/etl.ts',
    })
    const never = deployment({ lastPolledMicros: null })
    expect(only(sight({ pool: null, queue: null, deployment: never })).detail).toBe(
      'The deployment names no work pool, and no process has ever asked for its runs.',
    )
    expect(only(sight({ pool: null, queue: null })).rule).toBe('dueNow')
  })

  test('of nobody', () => {
    const alone = sight({ run: flowRunIn('SCHEDULED'), deployment: null, pool: null, queue: null })
    expect(only(alone).rule).toBe('noticeNobodysRun')
  })

  test('has others before it', () => {
    expect(only(sight({ queue: queue({ ahead: 3 }) }))).toMatchObject({
      rule: 'noticeQueueAhead',
      detail: '3 runs are due before it in “urgent” or in a queue that is served first.',
    })
  })

  test('has to begin in time', () => {
    const run = flowRunIn('SCHEDULED', {
      deploymentId: 'deployment-1',
      policy: { start_within_seconds: 7_300 },
    })
    const { reasons } = explainRun(sight({ run }))
    expect(reasons.map(({ rule }) => rule)).toEqual(['dueNow', 'watchStartDeadline'])
    expect(reasons[1]?.detail).toBe('It is cancelled unless it begins by 12:01:40 UTC, in 100 seconds.')
  })
})

describe('a run that somebody has', () => {
  const held = (type: 'PENDING' | 'RUNNING' | 'CANCELLING', its = claim(), policy = {}) =>
    sight({
      run: flowRunIn(type, { deploymentId: 'deployment-1', policy }, {}),
      facts: factsOf({ claim: its }),
    })

  test('was claimed, and has not begun', () => {
    const slow = held('PENDING', claim({ claimedMicros: seconds(-300), beatMicros: seconds(-1) }))
    expect(only(slow)).toMatchObject({
      verdict: 'waiting',
      rule: 'noticeClaimed',
      detail: 'It was claimed by the worker “w1” 5 minutes ago, at 11:55:00 UTC, and has not begun.',
      action: { command: 'prefect flow-run cancel run-1' },
    })
    expect(only(held('PENDING', claim({ claimedMicros: seconds(-10) }))).action).toBeNull()
  })

  test('made by its own process, that has not begun it', () => {
    const alone = sight({ run: flowRunIn('PENDING'), deployment: null, pool: null, queue: null })
    expect(only(alone).detail).toBe('Its own process made it 10 seconds ago and has not begun it.')
  })

  test('claimed too early waits for its time', () => {
    const run = flowRunIn(
      'PENDING',
      { deploymentId: 'deployment-1' },
      { details: { scheduled_time: formatInstant(seconds(90)) } },
    )
    const rules = explainRun(sight({ run })).reasons.map(({ rule }) => rule)
    expect(rules).toEqual(['noticeClaimed', 'waitForScheduledTime'])
  })

  test('runs, with its last sign of life', () => {
    expect(only(held('RUNNING'))).toMatchObject({
      verdict: 'running',
      rule: 'noticeRunning',
      detail:
        'Since 11:59:50 UTC, for 10 seconds. Executed by the worker “w1”. Last sign of life 30 seconds ago.',
    })
  })

  test('whose holder has missed a beat, and what becomes of it', () => {
    const silent = claim({ beatMicros: seconds(-50), expiresMicros: seconds(10) })
    expect(explainRun(held('RUNNING', silent)).reasons[0]).toMatchObject({
      rule: 'crashOnlySilentRuns',
      detail:
        'The last sign of life from the worker “w1” came 50 seconds ago. Without another it is Crashed at 12:00:10 UTC.',
      forecastMicros: seconds(10),
    })
    const over = claim({ beatMicros: seconds(-70), expiresMicros: seconds(-10) })
    expect(explainRun(held('RUNNING', over, { on_lost: 'reschedule' })).reasons[0]?.detail).toContain(
      'the run is about to be scheduled again',
    )
  })

  test('by a client that sends no beats is not presumed dead, but it is said when it was heard of last', () => {
    const quiet = held('RUNNING', claim({ beatMicros: null, expiresMicros: null }))
    const run = flowRunIn('RUNNING', { deploymentId: 'deployment-1' }, { atMicros: seconds(-3_600) })
    const beatless = { ...quiet, run }
    expect(explainRun(beatless).reasons[0]).toMatchObject({
      rule: 'noticeNoBeats',
      detail: expect.stringMatching(
        /^Nothing was heard of it for 1 hour; the last was that it began, at 11:00:00 UTC\. Its client sends no beats/,
      ),
      facts: { sends_beats: false, last_heard: null },
      action: { command: 'prefect flow-run cancel run-1' },
    })
    const heard = { what: 'a line of its log', micros: seconds(-600) } as const
    const ofNobody = { ...beatless, lastHeard: heard, pool: pool({ onlineWorkers: 0 }) }
    expect(explainRun(ofNobody).reasons[0]?.detail).toMatch(
      /for 10 minutes; the last was a line of its log.*, but no worker of “machines” is online\. Nothing ends the run/,
    )
    const rules = (its: RunSight) => explainRun(its).reasons.map(({ rule }) => rule)
    const talkative = {
      ...beatless,
      lastHeard: { what: 'a state of one of its tasks', micros: seconds(-100) } as const,
    }
    expect(rules(talkative)).toEqual(['noticeRunning'])
    expect(rules({ ...beatless, facts: factsOf({ claim: claim() }) })).toEqual(['noticeRunning'])
  })

  test('whose task runs wait for a tag', () => {
    const tags = [
      {
        limitId: 'limit-1',
        tag: 'db',
        limit: 1,
        active: 1,
        waitingTaskRuns: 2,
        holders: holders.slice(0, 1),
      },
    ]
    expect(explainRun({ ...held('RUNNING'), tags }).reasons[1]).toMatchObject({
      rule: 'secureTaskConcurrencySlots',
      title: 'The limit on tag “db” is full',
      detail: '1 of 1 slot is taken: by “x” since 11:50:00 UTC. 2 task runs of this run wait for it.',
      action: { command: 'prefect concurrency-limit create db 2' },
    })
    const lines = [{ ...line, limitId: 'limit-1', name: 'tag:db' }]
    expect(explainRun({ ...held('RUNNING'), tags, lines }).reasons).toMatchObject([
      { rule: 'noticeRunning' },
      {
        detail:
          '1 of 1 slot is taken: by “x” since 11:50:00 UTC. 2 task runs of this run wait for it, since 11:59:30 UTC. 1 other waits before it.',
        facts: { waits_since: formatInstant(seconds(-30)), ahead: 1 },
        sinceMicros: seconds(-30),
      },
    ])
  })

  test('waits for slots of a limit, in line behind others', () => {
    const reasons = (its: LineSight) => explainRun({ ...held('RUNNING'), lines: [its] }).reasons.slice(1)
    expect(reasons(line)).toMatchObject([
      {
        rule: 'noticeSlotLine',
        title: 'Waits for a slot of “database”',
        detail:
          '2 of 2 slots are taken: by “x” since 11:50:00 UTC and “y” since 11:59:00 UTC. It waits for a slot since 11:59:30 UTC. 1 other waits before it.',
        facts: { limit_name: 'database', ahead: 1, waiting: 1, holders: [{ id: 'run-x' }, { id: 'run-y' }] },
        sinceMicros: seconds(-30),
        // Of two holders only one says when it ends, and that slot is another’s.
        forecastMicros: null,
        action: {
          command: 'prefect global-concurrency-limit update database --limit 3',
          path: 'concurrency-limits/concurrency-limit/limit-2',
        },
      },
    ])
    const first = { ...line, ahead: 0, waiting: 3, slots: 2 }
    expect(reasons(first)).toMatchObject([
      {
        title: 'Waits for slots of “database”',
        detail: expect.stringMatching(/It waits 3 times over, first for 2 slots since 11:59:30 UTC\.$/),
        forecastMicros: seconds(120),
      },
    ])
  })

  test('has to end in time', () => {
    const run = flowRunIn('RUNNING', {}, { details: { finish_by: formatInstant(seconds(100)) } })
    expect(explainRun(sight({ run })).reasons[1]?.detail).toBe(
      'It is cancelled unless it ends by 12:01:40 UTC, in 100 seconds.',
    )
  })

  test('waits for an input, or to be resumed, and until when', () => {
    const paused = (details: StateDetails) => sight({ run: flowRunIn('PAUSED', {}, { details }) })
    expect(
      only(paused({ pause_timeout: formatInstant(seconds(600)), run_input_keyset: { schema: 's' } })),
    ).toMatchObject({
      verdict: 'waiting',
      rule: 'handleResumingPausedFlows',
      title: 'Waits for input',
      detail:
        'It was paused 10 seconds ago. It asks for an input before it goes on. Unless it is resumed by 12:10:00 UTC, in 10 minutes, it fails.',
      forecastMicros: seconds(600),
      action: { label: 'Resume it with its input', path: 'runs/flow-run/run-1' },
    })
    expect(only(paused({ pause_reschedule: true })).detail).toBe(
      'It was suspended 10 seconds ago. When it is resumed a worker starts it again.',
    )
  })

  test('was asked to stop', () => {
    expect(only(held('CANCELLING'))).toMatchObject({
      rule: 'watchCancellations',
      detail:
        'It was asked to stop 10 seconds ago; the worker “w1” has not confirmed that it did. It is Cancelled in any case at 12:04:50 UTC.',
      forecastMicros: entered + 300_000_000,
    })
  })

  test('is over', () => {
    const run = { ...flowRunIn('CRASHED'), state: stored('CRASHED', { message: 'Gone.' }) }
    expect(only(sight({ run }))).toMatchObject({ verdict: 'ended', title: 'Crashed', detail: 'Gone.' })
  })
})

test('lengths of time are told in one unit', () => {
  const told = [0, 1, 59, 60, 90, 119, 120, 3_590, 5_400, 7_169, 7_171, 9_000, 86_400, 172_000, 200_000].map(
    (n) => spell(n * 1_000_000),
  )
  expect(told).toEqual([
    '0 seconds',
    '1 second',
    '59 seconds',
    '1 minute',
    '90 seconds',
    '119 seconds',
    '2 minutes',
    '1 hour',
    '90 minutes',
    '119 minutes',
    '2 hours',
    '3 hours',
    '1 day',
    '2 days',
    '2 days',
  ])
})

test('names of any kind are one word of a shell', () => {
  expect(command`prefect work-pool resume ${"it's mine; rm"}`).toBe(
    `prefect work-pool resume 'it'\\''s mine; rm'`,
  )
})
