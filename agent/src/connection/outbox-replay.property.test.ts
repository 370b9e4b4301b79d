import fc from 'fast-check'
import { expect, it } from 'vitest'
import { ControlPlane } from '../testing/control-plane.js'
import { logRecord } from '../testing/records.js'
import { tempDir } from '../testing/temp-dir.js'
import { AgentConnection } from './agent-connection.js'
import { adoptOutboxes } from './outbox/adopt.js'
import { Outbox } from './outbox/outbox.js'

/** What happens to the connection while records are written, in any order. */
const step = fc.oneof(
  {
    weight: 4,
    arbitrary: fc.record({ do: fc.constant('write' as const), count: fc.integer({ min: 1, max: 900 }) }),
  },
  fc.record({
    do: fc.constant('cut' as const),
    after: fc.integer({ min: 1, max: 1_200 }),
    committed: fc.boolean(),
  }),
  fc.constant({ do: 'restart server' as const }),
  fc.constant({ do: 'refuse websockets' as const }),
  fc.constant({ do: 'allow websockets' as const }),
  fc.constant({ do: 'wait until delivered' as const }),
  fc.constant({ do: 'hand over' as const }),
)

it('delivers each record once and in order, whatever the pattern of disconnections', async () => {
  await fc.assert(
    fc.asyncProperty(fc.array(step, { minLength: 1, maxLength: 10 }), async (steps) => {
      const plane = await ControlPlane.start()
      const root = tempDir()
      let outbox = Outbox.create(root, 'here', { segmentBytes: 10_000 })
      const open = () => {
        const connection = new AgentConnection({
          endpoint: () => ({ apiUrl: plane.apiUrl, apiKey: plane.apiKey }),
          outbox,
          backoff: { baseMs: 1, capMs: 5 },
          retrySocketMs: 20,
        })
        connection.start()
        return connection
      }
      let connection = open()
      let written = 0
      const write = () => outbox.append(logRecord(`line ${++written}`))
      try {
        for (const each of steps) {
          switch (each.do) {
            case 'write':
              for (let i = 0; i < each.count; i++) write()
              break
            case 'cut':
              plane.behaviour.cutAfterRecords = each.after
              plane.behaviour.commitBeforeCut = each.committed
              break
            case 'restart server':
              await plane.stop()
              write()
              await plane.start()
              break
            case 'refuse websockets':
              plane.behaviour.refuseUpgrades = 400
              break
            case 'allow websockets':
              plane.behaviour.refuseUpgrades = null
              break
            case 'wait until delivered':
              expect(await connection.drain(10_000)).toBe(true)
              break
            case 'hand over': {
              // One process ends with whatever it has, the next one takes it from there.
              write()
              await connection.close(0)
              const [adopted] = adoptOutboxes(root, 'here')
              outbox = adopted ?? Outbox.create(root, 'here', { segmentBytes: 10_000 })
              connection = open()
              break
            }
          }
        }
        write()
        expect(await connection.close(10_000)).toBe(true)
        const texts = plane.records.map((record) => (record.kind === 'log' ? record.message : record.kind))
        expect(texts).toEqual(Array.from({ length: written }, (_, i) => `line ${i + 1}`))
      } finally {
        await connection.close(0)
        await plane.stop()
      }
    }),
    { numRuns: 40, interruptAfterTimeLimit: 20_000 },
  )
}, 60_000)
