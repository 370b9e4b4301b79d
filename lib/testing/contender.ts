/**
 * A program for tests: a replica's engine with several clients in it that contend for runs of a pool, or for slots of a limit,
 * until there are no more runs, or it is killed. Prints a line for each thing that it was given.
 */
import { connectDatabase } from '../db/clients.ts'
import { SideConnection } from '../db/side-connection.ts'
import { createEngine } from '../engine/create-engine.ts'
import { shareSlots } from '../engine/share-slots.ts'
import { createReplicaBus } from '../live/replica-bus.ts'
import { anyClient } from './work.ts'

const [what = '', url = '', workspaceId = '', subject = '', clients = '1'] = process.argv.slice(2)
const db = connectDatabase({ url, poolSize: 2 })
const engine = createEngine({ db, publish: () => {} })
const side = new SideConnection(db.engine)
const replicas = createReplicaBus(side)
shareSlots(engine, replicas)
const say = (line: string) => process.stdout.write(`${line}\n`)

async function claim(n: number): Promise<void> {
  for (;;) {
    const claims = await engine.claimFlowRuns({
      workspaceId,
      workPoolId: subject,
      workQueueIds: null,
      runs: 'any',
      limit: 1 + (n % 20),
      holder: { type: 'agent', id: null, name: `${process.pid}-${n}` },
      seconds: 45,
      client: anyClient,
    })
    if (claims.length === 0) return
    for (const { run, token } of claims) say(`${run.id} ${token}`)
  }
}

async function takeSlots(): Promise<void> {
  for (;;) {
    const answer = await engine.slots.take(
      {
        type: 'take',
        workspaceId,
        names: [subject],
        slots: 1,
        mode: 'concurrency',
        // As short as the test of what the dead leave behind wants it.
        leaseSeconds: 5,
        holder: null,
      },
      30,
    )
    if (answer.type !== 'granted') continue
    say(answer.leaseId)
    await engine.slots.settle({ type: 'end', workspaceId, leaseId: answer.leaseId })
  }
}

if (!replicas.isListening)
  await new Promise<void>((resolve) => replicas.onHint({ onHint: () => {}, onReset: () => resolve() }))
say('ready')
// All begin at once, when the test says so.
await new Promise((resolve) => process.stdin.once('data', resolve))
await Promise.all(
  Array.from({ length: Number(clients) }, (_, n) => (what === 'runs' ? claim(n) : takeSlots())),
)
await engine.drain()
await replicas.close()
await side.close()
await db.close()
process.exit(0)
