import { expect, test } from 'vitest'
import { uuidv7 } from '../db/uuid.ts'
import { testDatabase } from '../testing/database.ts'
import { makeDeployment, makeFlow, newRun } from '../testing/work.ts'
import { nowMicros } from './clock.ts'
import { createEngine } from './create-engine.ts'
import { insertScheduledRuns } from './schedule-runs.ts'

const db = await testDatabase()
const engine = createEngine({ db, publish: () => {} })

test.each([
  [{}, {}],
  [{ 'rigel.on-lost': 'reschedule' }, { on_lost: 'reschedule' }],
  [{ 'rigel.on-lost': 'explode' }, {}],
  [{ 'rigel.on-lost': 7 }, {}],
  [
    { 'rigel.start-within-seconds': 60, 'rigel.finish-within-seconds': 1.5, other: 'x' },
    { start_within_seconds: 60, finish_within_seconds: 1.5 },
  ],
  [{ 'rigel.start-within-seconds': '60', 'rigel.finish-within-seconds': null }, {}],
])(
  'a deployment with the labels %j has runs with the policy %j, scheduled or made',
  async (labels, policy) => {
    const flow = await makeFlow(db)
    const deploymentId = await makeDeployment(db, flow)
    await db.engine`
    update deployments set labels = ${db.engine.json(labels as never)} where workspace_id = ${flow.workspaceId}`
    const scheduleId = uuidv7()
    await db.engine`
    insert into deployment_schedules (workspace_id, deployment_id, id, schedule)
    values (${flow.workspaceId}, ${deploymentId}, ${scheduleId}, ${db.engine.json({ interval: 60 })})`
    await insertScheduledRuns(
      db.engine,
      [
        {
          ...flow,
          deploymentId,
          scheduleId,
          parameters: null,
          kindName: 'IntervalSchedule',
          tags: [],
          workQueueId: null,
          workPoolId: null,
          entrypoint: null,
          keyStart: '',
          ticks: [{ keyEnd: 'k', atMicros: nowMicros(), skipped: null }],
        },
      ],
      { nowMicros: nowMicros(), dice: Math.random, ignoreExisting: true },
    )
    const { row } = await engine.createFlowRun(newRun(flow, { deploymentId, labels }))
    const rows = await db.engine<{ id: string; policy: unknown }[]>`
    select id, empirical_policy as policy from flow_runs where workspace_id = ${flow.workspaceId}`
    expect(rows.map((run) => run.policy)).toEqual([policy, policy])
    expect(rows.some(({ id }) => id === row.id)).toBe(true)
  },
)

test('what a run says itself comes first', async () => {
  const flow = await makeFlow(db)
  const { row } = await engine.createFlowRun(
    newRun(flow, { labels: { 'rigel.on-lost': 'reschedule' }, empiricalPolicy: { on_lost: 'crash' } }),
  )
  expect(row.empiricalPolicy).toEqual({ on_lost: 'crash' })
})
