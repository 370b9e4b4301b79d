import { randomUUID } from 'node:crypto'
import { describe, expect, test } from 'vitest'
import { testDatabase } from '../testing/database.ts'
import { statementsDuring } from '../testing/statements.ts'
import { makeFlow, newRun, type TestFlow } from '../testing/work.ts'
import { createEngine } from './create-engine.ts'

const db = await testDatabase()

/** A process that has made a run of the flow before. */
async function knowing(flow: TestFlow) {
  const engine = createEngine({ db, publish: () => {} })
  await engine.createFlowRun(newRun(flow))
  return engine
}

const runsOf = (flow: TestFlow) => db.engine<{ id: string; labels: Record<string, unknown> }[]>`
  select id, labels from flow_runs where workspace_id = ${flow.workspaceId} order by created_at`
const countsOf = (flow: TestFlow) => db.engine`
  select state_type, sum(runs)::int as runs from run_count_deltas where workspace_id = ${flow.workspaceId}
  group by 1 having sum(runs) <> 0 order by 1`
const eventsOf = (flow: TestFlow) => db.engine<{ facts: string; relatedIds: string[] }[]>`
  select facts, related_ids from events where workspace_id = ${flow.workspaceId} order by occurred_at`

describe('a flow that the server knows', () => {
  test('is not looked at: its runs are made by one statement', async () => {
    const flow = await makeFlow(db)
    const engine = await knowing(flow)
    const statements = await statementsDuring(db.engine, () =>
      Promise.all(Array.from({ length: 12 }, () => engine.createFlowRun(newRun(flow)))),
    )
    expect(statements).toHaveLength(1)
    expect(await runsOf(flow)).toHaveLength(13)
    expect(await countsOf(flow)).toEqual([{ stateType: 'PENDING', runs: 13 }])
    expect(await eventsOf(flow)).toHaveLength(13)
  })

  test('is looked at for a run that may be there already, or belongs to more', async () => {
    const flow = await makeFlow(db)
    const engine = await knowing(flow)
    const key = randomUUID()
    const first = await engine.createFlowRun({ ...newRun(flow), idempotencyKey: key })
    const again = await engine.createFlowRun({ ...newRun(flow), idempotencyKey: key })
    expect([first.created, again.created]).toEqual([true, false])
    expect(again.row.id).toBe(first.row.id)
    await expect(engine.createFlowRun({ ...newRun(flow), workPoolName: 'missing' })).rejects.toThrow(
      'Work pool "missing"',
    )
    await expect(engine.createFlowRun({ ...newRun(flow), deploymentId: randomUUID() })).rejects.toThrow(
      'Deployment with id',
    )
  })

  test('is looked at again when it has changed, and its runs are of what it is now', async () => {
    const flow = await makeFlow(db)
    const engine = await knowing(flow)
    await db.engine`
      update flows set name = 'renamed', tags = '{new}', labels = '{"team": "b"}' where id = ${flow.flowId}`
    const { row } = await engine.createFlowRun(newRun(flow))
    expect(row.flowName).toBe('renamed')
    expect((await runsOf(flow)).at(-1)?.labels).toEqual({ team: 'b', 'prefect.flow.id': flow.flowId })
    const event = (await eventsOf(flow)).at(-1)
    expect(event?.relatedIds).toContain('prefect.tag.new')
    expect(await countsOf(flow)).toEqual([{ stateType: 'PENDING', runs: 2 }])
    // And known again.
    expect(await statementsDuring(db.engine, () => engine.createFlowRun(newRun(flow)))).toHaveLength(1)
  })

  test('is not found when it was deleted, and holds up none of another', async () => {
    const [gone, there] = [await makeFlow(db), await makeFlow(db)]
    const engine = await knowing(gone)
    await engine.createFlowRun(newRun(there))
    await db.engine`delete from flows where id = ${gone.flowId}`
    const [refused, made] = await Promise.allSettled([
      engine.createFlowRun(newRun(gone)),
      engine.createFlowRun(newRun(there)),
    ])
    expect(refused).toMatchObject({
      status: 'rejected',
      reason: { message: `Flow with id ${gone.flowId} not found` },
    })
    expect(made).toMatchObject({ status: 'fulfilled' })
    expect(await runsOf(there)).toHaveLength(2)
  })

  test('is that of its tenant alone', async () => {
    const [ours, theirs] = [await makeFlow(db), await makeFlow(db)]
    const engine = await knowing(theirs)
    await expect(
      engine.createFlowRun(newRun({ workspaceId: ours.workspaceId, flowId: theirs.flowId })),
    ).rejects.toThrow(`Flow with id ${theirs.flowId}`)
  })

  test('keeps nobody waiting who changes it, and waits for nobody', async () => {
    const flow = await makeFlow(db)
    const engine = await knowing(flow)
    const other = await db.engine.reserve()
    await other`begin`
    await other`update flows set tags = '{soon}' where id = ${flow.flowId}`
    // Until that is committed the flow is what it was.
    await engine.createFlowRun(newRun(flow))
    await other`commit`
    other.release()
    await engine.createFlowRun(newRun(flow))
    expect((await eventsOf(flow)).map(({ relatedIds }) => relatedIds.includes('prefect.tag.soon'))).toEqual([
      false,
      false,
      true,
    ])
  })
})
