import { randomUUID } from 'node:crypto'
import fc from 'fast-check'
import { expect, test } from 'vitest'
import type { StoredState } from '../domain/orchestration/decide.ts'
import { stateTypes } from '../domain/state.ts'
import { testDatabase } from '../testing/database.ts'
import { makeFlow } from '../testing/work.ts'
import { flowRunEvent, type RunOfEvent } from './flow-run-event.ts'

const db = await testDatabase()

// Neither NUL nor half a surrogate pair gets past the door.
const text = fc.string({ unit: 'grapheme', maxLength: 12 }).filter((value) => !value.includes('\0'))
const orNull = <Value>(value: fc.Arbitrary<Value>): fc.Arbitrary<Value | null> =>
  fc.option(value, { nil: null })

const states: fc.Arbitrary<StoredState> = fc.record({
  id: fc.uuid(),
  type: fc.constantFrom(...stateTypes),
  name: text,
  // From 1900 to 2200.
  atMicros: fc.integer({ min: -2_208_988_800_000_000, max: 7_258_118_400_000_000 }),
  message: text,
  details: fc.boolean().map((pause_reschedule) => ({ pause_reschedule })),
  data: fc.constant(null),
})

const runs = (workspaceId: string): fc.Arbitrary<RunOfEvent> =>
  fc.record({
    workspaceId: fc.constant(workspaceId),
    id: fc.uuid(),
    name: text,
    flowId: fc.uuid(),
    flowName: text,
    flowTags: fc.array(text, { maxLength: 2 }),
    tags: fc.array(text, { maxLength: 3 }),
    parentTaskRunId: orNull(fc.uuid()),
    deploymentId: orNull(fc.uuid()),
    deploymentName: orNull(text),
    deploymentTags: orNull(fc.array(text, { maxLength: 2 })),
    workQueueId: orNull(fc.uuid()),
    workQueueName: orNull(text),
    workPoolId: orNull(fc.uuid()),
    workPoolName: orNull(text),
    workPoolType: orNull(text),
    createdBy: orNull(
      fc.record({
        id: orNull(fc.uuid()),
        type: fc.constantFrom('DEPLOYMENT', 'AUTOMATION', 'USER'),
        display_value: orNull(text),
      }),
    ),
  }) as fc.Arbitrary<RunOfEvent>

test('the body that the database makes of the facts of an event is the one that the live feed sends', async () => {
  const { workspaceId } = await makeFlow(db)
  await fc.assert(
    fc.asyncProperty(
      runs(workspaceId),
      fc.nat(1000),
      orNull(states),
      states,
      async (run, runCount, initial, state) => {
        const event = flowRunEvent(run, runCount, initial, { ...state, id: randomUUID() })
        const [stored] = await db.engine<{ body: string }[]>`
          insert into events as e (workspace_id, occurred_at, id, event, resource_id, related_ids, received_at, facts)
          values (${workspaceId}, ${event.occurred_at}, ${event.id}, ${event.event}, ${event.resource_id},
                  ${[...event.related_ids]}, ${event.received_at}, ${event.facts}::text::json)
          returning event_body(e) as body`
        expect(stored?.body).toBe(event.body)
      },
    ),
    { numRuns: 300 },
  )
})
